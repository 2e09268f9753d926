"""What the benchmark of the lint counts: the same DAGs each time, and only what a tool says of the defect itself."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.lint_cases import DAGS
from benchmarks.lint_criterion import CLASSES, CODES, kind_of, tells_of
from benchmarks.lint_tree import lint_tree
from benchmarks.linters import (
    DAGBAG,
    FARFLOW,
    FLAKE8,
    IMPORT_ERROR,
    PYLINT,
    SYNTAX_ERROR,
    LinterError,
    Run,
    Said,
    dagbag_says,
    farflow_says,
    flake8_says,
    linters,
    pylint_says,
    ruff_says,
)

FOLDER = Path("/srv/dags")


def test_same_size_gives_the_same_dags() -> None:
    assert lint_tree(100) == lint_tree(100)


def test_folder_has_as_many_files_as_asked_for_and_no_dag_twice() -> None:
    tree = lint_tree(1000)
    assert len(tree.contents) == 1000
    ids = {re.search(r'"(team\d+_[a-z]+_\d+)"', text)[1] for path, text in tree.contents.items() if "/dag" in path}
    assert len(ids) == tree.dag_files


def test_dags_are_of_the_length_that_is_said() -> None:
    lines = [text.count("\n") for path, text in lint_tree(1000).contents.items() if "/dag" in path]
    assert min(lines) >= 30
    assert max(lines) <= 150


def test_what_is_seeded_is_in_the_files_that_are_named_and_in_no_others() -> None:
    tree = lint_tree(1000)
    assert {path for path, text in tree.contents.items() if "import json" in text} == tree.unused_import
    assert {path for path, text in tree.contents.items() if "import acme_rates" in text} == tree.missing_package


def test_linter_that_says_nothing_of_what_is_seeded_ends_the_run() -> None:
    tree = lint_tree(100)
    flake8 = next(linter for linter in linters(FOLDER) if linter.name == FLAKE8)
    right = tuple(Said(path, "F401", 4) for path in tree.unused_import)
    flake8.check(Run(1.0, 1.0, right), tree)
    for wrong in ((), right[1:], (*right, Said("team000/steps.py", "F401", 1))):
        with pytest.raises(LinterError):
            flake8.check(Run(1.0, 1.0, wrong), tree)


def test_every_bad_dag_has_one_kind() -> None:
    rules = [rule for rules in CLASSES.values() for rule in rules]
    assert len(rules) == len(set(rules))
    assert {folder.name for folder in (DAGS / "bad").iterdir()} == set(rules)


@pytest.mark.parametrize(
    ("tool", "rule", "code", "counts"),
    [
        (FLAKE8, "F401", "F401", True),
        (FLAKE8, "FL105", "E999", True),
        (PYLINT, "F401", "W0611", True),
        (PYLINT, "F401", "C0114", False),
        (PYLINT, "FL205", "W0104", False),
        (DAGBAG, "FL205", IMPORT_ERROR, True),
        (DAGBAG, "S106", IMPORT_ERROR, False),
        (FARFLOW, "FL205", "FL205", True),
        (FARFLOW, "FL205", "FL201", False),
    ],
)
def test_only_what_is_about_the_defect_counts(tool: str, rule: str, code: str, *, counts: bool) -> None:
    assert tells_of(tool, rule, Said("dag.py", code, 1)) == counts


def test_criterion_speaks_of_known_rules_only() -> None:
    for codes in CODES.values():
        for rule in codes:
            kind_of(rule)


def test_what_farflow_really_prints_is_what_is_read(tmp_path: Path) -> None:
    """The first time and from what it kept: exactly the files that something was seeded into."""
    tree = lint_tree(100)
    tree.write(tmp_path / "dags")
    for linter in linters(tmp_path / "cache")[:2]:
        for _ in range(2):
            linter.check(linter.run(tmp_path / "dags"), tree)


def test_what_linters_print_is_read() -> None:
    says = "/srv/dags/team/a.py:4: block F401 `json` imported but unused\n    Remove it\n/srv/dags:1: warn FL103 large\nfail: 2\n"
    assert list(farflow_says(says, FOLDER)) == [Said("team/a.py", "F401", 4), Said(".", "FL103", 1, only_warns=True)]
    says = "/srv/dags/team/a.py:4:1: F401 'json' imported but unused\n"
    assert list(flake8_says(says, FOLDER)) == [Said("team/a.py", "F401", 4)]
    says = "************* Module a\n/srv/dags/a.py:4:0: W0611: Unused import json (unused-import)\n\n----\nYour code"
    assert list(pylint_says(says, FOLDER)) == [Said("a.py", "W0611", 4)]
    for code in (None, "invalid-syntax"):
        says = json.dumps([{"filename": "/srv/dags/a.py", "code": code, "location": {"row": 2, "column": 1}}])
        assert list(ruff_says(says, FOLDER)) == [Said("a.py", SYNTAX_ERROR, 2)]
    says = 'what Airflow prints\n{"dags": 1, "errors": ["a.py"]}\n'
    assert list(dagbag_says(says, FOLDER)) == [Said("a.py", IMPORT_ERROR, 1)]
