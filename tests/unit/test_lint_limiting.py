"""A file of very many mistakes is told of in few words, and none of them passes for it."""

from collections.abc import Sequence

from dag_lint.each_file.limiting import FINDINGS, limited
from dag_lint.exceptions.allowed import Allowance, Allowed
from dag_lint.exceptions.ratchet import baseline_of, ratcheted
from dag_lint.finding import Finding, verdict_of
from dag_lint.rules import finding
from dag_lint.tree import DagTree, tree_of

MANY = FINDINGS + 100


def tree(lines: Sequence[str]) -> DagTree:
    return tree_of({"a.py": "".join(f"{line}\n" for line in lines).encode()})


def of(code: str, lines: Sequence[str]) -> list[Finding]:
    return [finding(code, "a.py", number, f"line {number}") for number in range(1, len(lines) + 1)]


def test_few_findings_are_told_as_they_are() -> None:
    lines = ["x"] * FINDINGS
    assert sorted(limited(of("E225", lines), tree(lines))) == of("E225", lines)


def test_many_findings_end_in_one_that_counts_the_rest() -> None:
    lines = ["x"] * MANY
    found = limited(of("E225", lines), tree(lines))
    assert len(found) == FINDINGS + 1
    assert sum(each.count for each in found) == MANY
    assert "100 more findings" in found[-1].message


def test_warnings_do_not_crowd_out_what_blocks() -> None:
    lines = ["x"] * MANY
    last = finding("F821", "a.py", MANY, "undefined")
    assert last in limited([*of("B018", lines), last], tree(lines))


def test_each_rule_of_the_rest_still_counts_for_the_verdict() -> None:
    """Were there one finding for all of the rest, to allow its rule would allow every other."""
    lines = ["x"] * MANY
    found = limited([*of("E225", lines), finding("W291", "a.py", 7, "spaces")], tree(lines))
    allowed = Allowed((Allowance("E225", "*", "old"),))
    assert verdict_of(tuple(allowed.applied(found))) == "fail"


def test_exception_of_one_line_does_not_hold_for_the_rest() -> None:
    lines = ["x  # noqa: E225"] * MANY + ["x"] * MANY
    found = limited(of("E225", lines), tree(lines))
    at_excepted_lines = sum(each.count for each in found if each.line <= MANY)
    assert at_excepted_lines == MANY
    assert sum(each.count for each in found) == 2 * MANY


def judged(before: Sequence[str], after: Sequence[str]) -> str:
    old, new = tree(before), tree(after)
    baseline = baseline_of(limited(of("E225", before), old), old)
    return verdict_of(tuple(ratcheted(sorted(limited(of("E225", after), new)), new, baseline)))


def test_what_was_only_counted_may_stay_and_grow_less_and_not_grow_more() -> None:
    lines = [f"x{number}" for number in range(MANY)]
    assert judged(lines, lines) == "pass"
    assert judged(lines, lines[50:]) == "pass"
    assert judged(lines, lines[:-1]) == "pass"
    assert judged(lines, [*lines, "new"]) == "fail"
    assert judged(lines, ["new", *lines]) == "fail"
    assert judged(lines[:10], lines) == "fail"
