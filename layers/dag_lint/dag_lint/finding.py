"""What the lint has to say of one place in the DAG folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["block", "warn"]
Verdict = Literal["pass", "fail"]


@dataclass(frozen=True, order=True)
class Finding:
    """A rule that does not hold. Sorts by place.

    `path` is relative to the DAG folder, empty when the finding is about the folder as a whole; `line` counts from 1.
    """

    path: str
    line: int
    rule: str
    severity: Severity
    message: str
    fix: str
    count: int = 1
    """Of more places than one where a file has so many findings that not each can be told; `line` is the first."""


def verdict_of(findings: tuple[Finding, ...]) -> Verdict:
    """One finding that blocks is enough."""
    return "fail" if any(finding.severity == "block" for finding in findings) else "pass"
