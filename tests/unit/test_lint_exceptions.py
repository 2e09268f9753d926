"""`# noqa: CODE`, the allow-list, the ratchet: what takes a block away, and what never does."""

import pytest

from dag_lint.errors import LintSettingsError
from dag_lint.exceptions.allowed import FILE_NAME, allowed_by
from dag_lint.exceptions.noqa import codes_in, excepted
from dag_lint.exceptions.ratchet import Baseline, baseline_from_json, baseline_of, ratcheted
from dag_lint.finding import Finding
from dag_lint.rules import OWN, REGISTRY, finding
from dag_lint.tree import DagTree, tree_of

# ---- noqa ----


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("x = 1", set()),
        ("x = 1  # noqa", set()),
        ("x = 1  # noqa: S605", {"S605"}),
        ("x = 1  #noqa:S605,E501", {"S605", "E501"}),
        ("x = 1  # NOQA: s605 E501  why", {"S605", "E501"}),
        ("x = 1  # noqa: S605, as agreed", {"S605"}),
        ("x = 1  # because noqa: S605", set()),
        ("x = 1  # noqa S605", set()),
        ("x = 1  # a remark # noqa: S605", {"S605"}),
    ],
)
def test_codes_are_read_as_ruff_reads_them(line: str, codes: set[str]) -> None:
    assert codes_in(line) == codes


@pytest.mark.parametrize("code", sorted(REGISTRY))
def test_noqa_excepts_tiers_c_and_d_alone(code: str) -> None:
    tree = tree_of({"a.py": f"x = 1  # noqa: {code}1, {code}\n".encode()})
    shown = code if any(character.isdigit() for character in code) else f"{code}1"
    kept, gone = excepted([finding(shown, "a.py", 1, "m")], tree)
    assert bool(gone) == (REGISTRY[code].tier in "CD")
    assert len(kept) + len(gone) == 1


def test_noqa_of_another_line_excepts_nothing() -> None:
    kept, _ = excepted([finding("S605", "a.py", 2, "m")], tree_of({"a.py": b"x  # noqa: S605\ny\nz  # noqa: S605\n"}))
    assert len(kept) == 1


# ---- the allow-list ----


def allowing(text: str) -> DagTree:
    return tree_of({FILE_NAME: text.encode()})


ALLOW = '[[allow]]\nrule = "AIR304"\npath = "legacy/*.py"\nreason = "until May"\n'


@pytest.mark.parametrize(
    ("rule", "path", "blocks"),
    [
        ("AIR304", "legacy/a.py", False),
        ("AIR304", "legacy/deep/a.py", False),
        ("AIR304", "new/a.py", True),
        ("AIR301", "legacy/a.py", True),
    ],
)
def test_allowance_covers_its_rule_in_its_files(rule: str, path: str, blocks: bool) -> None:
    (result,) = allowed_by(allowing(ALLOW)).applied([finding(rule, path, 1, "m")])
    assert (result.severity == "block") == blocks
    assert ("until May" in result.message) != blocks


def test_no_file_allows_nothing() -> None:
    assert allowed_by(tree_of({})).allowances == ()


@pytest.mark.parametrize(
    "text",
    [
        "allow = 1",
        "not toml",
        "[[allow]]\nrule = 'AIR304'\npath = '*'\n",
        "[[allow]]\nrule = 'AIR304'\npath = '*'\nreason = ''\n",
        "[[allow]]\nrule = 'AIR304'\npath = 1\nreason = 'x'\n",
        "[[allow]]\nrule = 'XYZ1'\npath = '*'\nreason = 'x'\n",
        "[[allow]]\nrule = 'AIR304'\npath = '*'\nreason = 'x'\nmore = 1\n",
        "[[allow]]\nrule = 'FL105'\npath = '*'\nreason = 'x'\n",
        "allow = ['AIR304']",
        "\xff",
        *(f"[[allow]]\nrule = '{rule.code}'\npath = '*'\nreason = 'x'\n" for rule in OWN if rule.tier == "A"),
    ],
)
def test_allow_list_that_says_nothing_good_is_an_error(text: str) -> None:
    with pytest.raises(LintSettingsError, match="deploy branch"):
        allowed_by(tree_of({FILE_NAME: text.encode("latin-1")}))


# ---- the ratchet ----

BEFORE = tree_of({"a.py": b"import os\n\nos.system('x')\n"})
KNOWN = baseline_of([finding("S605", "a.py", 3, "m"), finding("F821", "a.py", 1, "m")], BEFORE)


def severities(source: bytes, *findings: Finding, path: str = "a.py", baseline: Baseline = KNOWN) -> list[str]:
    return [found.severity for found in ratcheted(findings, tree_of({path: source}), baseline)]


def test_known_finding_warns_wherever_its_line_went() -> None:
    assert severities(b"\n\n\n    os.system('x')\n", finding("S605", "a.py", 4, "other words")) == ["warn"]


@pytest.mark.parametrize(
    ("source", "rule", "path"),
    [
        pytest.param(b"os.system('y')\n", "S605", "a.py", id="another line"),
        pytest.param(b"os.system('x')\n", "S605", "b.py", id="another file"),
        pytest.param(b"os.system('x')\n", "S602", "a.py", id="another rule"),
    ],
)
def test_new_finding_blocks(source: bytes, rule: str, path: str) -> None:
    assert severities(source, finding(rule, path, 1, "m"), path=path) == ["block"]


def test_second_one_like_a_known_one_blocks() -> None:
    twice = [finding("S605", "a.py", line, "m") for line in (1, 2)]
    assert severities(b"os.system('x')\nos.system('x')\n", *twice) == ["warn", "block"]


def test_tier_b_blocks_though_the_deploy_branch_has_it() -> None:
    assert severities(b"import os\n", finding("F821", "a.py", 1, "m")) == ["block"]


def test_baseline_survives_being_written_and_read() -> None:
    assert baseline_from_json(KNOWN.to_json()) == Baseline(dict(KNOWN.counts))


@pytest.mark.parametrize("rows", [[1], [["a"]], [["a", "b", "c", "d"]]])
def test_baseline_that_nobody_wrote_is_an_error(rows: list[object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        baseline_from_json(rows)
