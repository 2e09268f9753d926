"""`# noqa: CODE`: an exception that stands in the line that it is for, and says what it excepts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dag_lint.finding import Finding
from dag_lint.rules import rule_of
from dag_lint.tree import DagTree

_NOQA = re.compile(r"#\s*noqa:\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)", re.IGNORECASE)


def excepted(findings: Iterable[Finding], tree: DagTree) -> tuple[list[Finding], list[Finding]]:
    """The findings that stay, and those that their line excepts.

    Only tiers C and D can be excepted, and only by their whole code: a bare `# noqa`, one for a file, and Ruff's
    settings in the folder change nothing.
    """
    kept: list[Finding] = []
    gone: list[Finding] = []
    for found in findings:
        can_be = rule_of(found.rule).tier in ("C", "D")
        named = can_be and found.rule in codes_in(tree.line(found.path, found.line))
        (gone if named else kept).append(found)
    return kept, gone


def codes_in(line: str) -> set[str]:
    """The codes that a line's comment excepts."""
    match = _NOQA.search(line)
    return {code.upper() for code in re.split(r"[,\s]+", match["codes"])} if match else set()
