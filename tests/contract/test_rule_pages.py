"""docs/rules/ is what the lint's registry says, and each rule has a case in the corpus."""

import pytest

from dag_lint.pages import pages
from dag_lint.rules import OWN, REGISTRY
from local import layout

PAGES = layout.ROOT / "docs" / "rules"
CASES = layout.ROOT / "tests" / "data" / "dags" / "bad"

TRIED_ELSEWHERE = {
    "FL101": "tests/unit/test_lint_gates.py",
    "FL102": "tests/integration/dag_lint/test_traps.py",
    "FL103": "tests/unit/test_lint_gates.py",
    "FL106": "tests/integration/dag_lint/test_traps.py",
    "FL302": "tests/unit/test_lint_imported.py",
    "FL303": "tests/unit/test_lint_imported.py",
    "FL304": "tests/unit/test_lint_imported.py",
}
"""Rules whose cases no file of a git repository can be."""


def test_pages_are_what_the_registry_says() -> None:
    """`make rule-pages` writes them."""
    assert {page.name: page.read_text() for page in PAGES.glob("*.md")} == pages()


@pytest.mark.parametrize("code", [rule.code for rule in OWN])
def test_each_own_rule_has_bad_cases(code: str) -> None:
    if code in TRIED_ELSEWHERE:
        assert code in (layout.ROOT / TRIED_ELSEWHERE[code]).read_text()
    else:
        assert list((CASES / code).iterdir())


def test_each_blocking_rule_of_ruff_has_bad_cases() -> None:
    cases = {case.name for case in CASES.iterdir()}
    for code, rule in REGISTRY.items():
        if rule.of_ruff and rule.severity == "block":
            assert any(case.startswith(code) for case in cases), code
