"""What the deploy branch has already does not block a push: DAGs get better, or at least not worse."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dag_lint.finding import Finding
from dag_lint.rules import rule_of
from dag_lint.tree import DagTree

Key = tuple[str, str, str]
"""Path, rule, and the text of the line without the spaces around it: lines may move, and be indented anew."""

MORE = "\n"
"""Instead of a line's text, which never has it: stands for findings that are counted without being told one by one."""

KNOWN = "already on the deploy branch"


@dataclass(frozen=True)
class Baseline:
    """How often each finding of tier C is on the deploy branch."""

    counts: Mapping[Key, int] = field(default_factory=dict)

    def to_json(self) -> list[Any]:
        """For whoever keeps the baseline of a commit. Read by `baseline_from_json`."""
        return [[*key, count] for key, count in sorted(self.counts.items())]


def baseline_of(findings: Iterable[Finding], tree: DagTree) -> Baseline:
    """The baseline that a lint of the deploy branch's tree makes."""
    counts: Counter[Key] = Counter()
    for found in findings:
        if rule_of(found.rule).tier == "C":
            counts[_key(found, tree)] += found.count
    return Baseline(counts)


def baseline_from_json(rows: list[Any]) -> Baseline:
    """Raises `ValueError` or `TypeError` for rows that `to_json` did not write."""
    return Baseline({(str(path), str(rule), str(text)): int(count) for path, rule, text, count in rows})


def ratcheted(findings: Iterable[Finding], tree: DagTree, baseline: Baseline) -> list[Finding]:
    """The findings, with those that are known as warnings: of each no more than there were."""
    left = Counter(baseline.counts)
    result = []
    for found in findings:
        key = _key(found, tree)
        if left[key] < found.count:  # it may be one of those that were only counted
            key = (found.path, found.rule, MORE)
        if rule_of(found.rule).tier == "C" and left[key] >= found.count:
            left[key] -= found.count
            result.append(dataclasses.replace(found, severity="warn", message=f"{found.message} ({KNOWN})"))
        else:
            result.append(found)
    return result


def _key(found: Finding, tree: DagTree) -> Key:
    return found.path, found.rule, tree.line(found.path, found.line) if found.count == 1 else MORE
