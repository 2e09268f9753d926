"""Every bad DAG is caught by its own rule and by no other that blocks; no good one is said anything of."""

from pathlib import Path

import pytest

from dag_lint.lint import lint
from dag_lint.rules import rule_of
from dag_lint.tree import tree_of

from .corpus import bad, good, tree_at

SEEN_BY_AN_IMPORT_ONLY = {"FL301", "FL302", "FL303", "FL304"}

BAD = [pytest.param(rule, case, id=f"{rule}-{case.stem}") for rule, case in bad()]


@pytest.mark.parametrize(("rule", "case"), BAD)
def test_bad_dag_is_caught_by_its_rule_alone(rule: str, case: Path) -> None:
    report = lint(tree_at(case))
    blocking = {found.rule for found in report.findings if found.severity == "block"}
    if rule in SEEN_BY_AN_IMPORT_ONLY:
        assert not blocking, "the import's cases must be such that only an import sees them"
    elif rule_of(rule).tier == "D":
        assert rule in {found.rule for found in report.findings}
        assert report.verdict == "pass"
    else:
        assert blocking == {rule}
        assert report.verdict == "fail"


@pytest.mark.parametrize("case", good(), ids=lambda case: case.stem)
def test_good_dag_passes_without_a_word(case: Path) -> None:
    report = lint(tree_at(case))
    assert report.verdict == "pass"
    assert [(found.path, found.line, found.rule, found.message) for found in report.findings] == []


def test_corpus_is_as_large_as_promised() -> None:
    assert len(BAD) >= 60
    assert len(good()) >= 30


def test_all_bad_dags_in_one_folder_are_each_caught() -> None:
    """One file's findings are not lost among others', and a folder's verdict is that of its worst file."""
    cases = {
        f"{rule}_{case.name}": (rule, case.read_bytes())
        for rule, case in bad()
        if case.is_file() and rule not in SEEN_BY_AN_IMPORT_ONLY
    }
    report = lint(tree_of({name: content for name, (_, content) in cases.items()}))
    found = {(finding.path, finding.rule) for finding in report.findings}
    assert {(name, rule) for name, (rule, _) in cases.items()} <= found
