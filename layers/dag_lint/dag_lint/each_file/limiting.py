"""What is said of one file is bounded: a file of a million mistakes must cost no gigabytes, and nobody reads them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from dag_lint.exceptions.noqa import excepted
from dag_lint.finding import Finding
from dag_lint.rules import rule_of
from dag_lint.tree import DagTree

FINDINGS = 200


def limited(findings: Iterable[Finding], tree: DagTree) -> list[Finding]:
    """The findings of one file: the worst `FINDINGS`, and for each rule of the rest one that says how many more there are.

    What lines except is counted by itself: no exception holds for another line.
    """
    kept, gone = excepted(sorted(set(findings)), tree)
    return [*_cut(kept), *_cut(gone)]


def _cut(findings: Sequence[Finding]) -> Iterator[Finding]:
    worst_first = sorted(findings, key=_badness)
    yield from worst_first[:FINDINGS]
    for _, group in groupby(worst_first[FINDINGS:], key=lambda found: (*_badness(found), found.rule)):
        first, *others = group
        if others:
            message = f"{len(others) + 1} more findings of this rule in the file. The first: {first.message}"
            first = dataclasses.replace(first, message=message, count=len(others) + 1)
        yield first


def _badness(found: Finding) -> tuple[str, str, str]:
    return rule_of(found.rule).tier, found.severity, found.rule
