"""The corpus as Airflow imports it, and the command that has it imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dag_lint import command
from dag_lint.errors import LintFailedError
from dag_lint.imports.imported import ImportReport
from dag_lint.imports.local_importer import local_importer
from dag_lint.imports.request import report_of
from dag_lint.tree import tree_of
from local import layout
from tests.integration.dag_lint.corpus import DAGS

AIRFLOW = layout.environment_python("airflow")


def singles(folder: Path) -> dict[str, bytes]:
    """The cases of one file, by a name of their own."""
    return {f"{folder.name}_{path.name}": path.read_bytes() for path in sorted(folder.glob("*.py"))}


@pytest.fixture(scope="module")
def report() -> ImportReport:
    files = singles(DAGS / "good") | singles(DAGS / "bad" / "FL301")
    return local_importer(AIRFLOW)(tree_of(files), sorted(files))


def test_every_good_case_is_imported(report: ImportReport) -> None:
    good = {path: file for path, file in report.files.items() if path in singles(DAGS / "good")}
    assert len(good) >= 20
    assert {path: (file.error, file.violations) for path, file in good.items() if file.error or file.violations} == {}


def test_every_case_of_an_import_error_is_one(report: ImportReport) -> None:
    bad = {path: file for path, file in report.files.items() if path in singles(DAGS / "bad" / "FL301")}
    assert len(bad) >= 5
    assert {path for path, file in bad.items() if not file.error} == set()


def lint(tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, settings: str = "") -> tuple[int, list[str]]:
    (tmp_path / "dag.py").write_text(source)
    (tmp_path / ".farflow-lint.toml").write_text(settings)
    status = command.main([str(tmp_path), "--format", "json", "--python", str(AIRFLOW)])
    told = json.loads(capsys.readouterr().out)
    return status, [f"{found['rule']} {found['message']}" for found in told["findings"] if found["rule"] > "FL3"]


SOURCE = """from airflow.sdk import DAG, Variable

with DAG(Variable.get("name"), schedule=Variable.get("when")):  # noqa: AIR003
    pass
"""


def test_file_that_a_stand_in_breaks_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, findings = lint(tmp_path, capsys, SOURCE)
    assert status == 1
    assert len(findings) == 1
    assert "stand-ins for: Variable name, Variable when; .farflow-lint.toml can give values" in findings[0]


def test_values_that_the_tree_gives_take_the_place_of_stand_ins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = '[import.variables]\nname = "sales"\nwhen = "@daily"\n'
    assert lint(tmp_path, capsys, SOURCE, settings) == (0, [])


@pytest.mark.parametrize("settings", ["import = 3", "[import.variables]\nname = 3", "[import"])
def test_settings_that_are_none_block(tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str) -> None:
    (tmp_path / "dag.py").write_text(SOURCE)
    (tmp_path / ".farflow-lint.toml").write_text(settings)
    assert command.main([str(tmp_path), "--python", str(AIRFLOW)]) == 1
    out = capsys.readouterr().out
    assert ".farflow-lint.toml" in out
    assert "FL108" in out


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        {"files": [{"path": "a.py"}]},
        {"files": [{"path": "a.py", "outcome": "fine", "error": None, "seconds": 1, "dag_ids": [], "violations": []}]},
        {
            "files": [
                {
                    "path": "a.py",
                    "outcome": "imported",
                    "error": 3,
                    "seconds": 1,
                    "dag_ids": [],
                    "violations": [],
                    "stand_ins": [],
                }
            ]
        },
    ],
)
def test_reply_that_is_none_is_no_verdict(reply: object) -> None:
    with pytest.raises(LintFailedError, match="nothing is known"):
        report_of([reply], ["a.py"])
