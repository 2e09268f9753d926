"""Airflow's own example DAGs pass, but for those that rightly break a blocking rule; these are listed with it."""

import json

import pytest

from dag_lint.gates import FILE_BYTES
from dag_lint.lint import Report, lint
from dag_lint.tree import read_folder

from .corpus import AIRFLOW, DAGS

FOLDERS = (
    "example_dags",
    "providers/standard/example_dags",
    "providers/common/sql/example_dags",
)
EXPECTED = json.loads((DAGS / "airflow_examples.json").read_text())


def linted(folder: str) -> Report:
    return lint(read_folder(AIRFLOW / folder, FILE_BYTES))


@pytest.mark.parametrize("folder", FOLDERS)
def test_examples_break_exactly_the_listed_rules(folder: str) -> None:
    report = linted(folder)
    found: dict[str, list[str]] = {}
    for each in report.findings:
        if each.severity == "block":
            found.setdefault(each.path, []).append(each.rule)
    assert {path: sorted(set(rules)) for path, rules in found.items()} == {
        path: expected["rules"] for path, expected in EXPECTED[folder].items()
    }
    assert report.files > 0


def test_style_rules_of_ruff_s_that_the_examples_break_only_warn() -> None:
    warned = {found.rule for found in linted("example_dags").findings if found.severity == "warn"}
    assert {"AIR001", "AIR202", "AIR002"} <= warned
