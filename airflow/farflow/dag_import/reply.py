"""What came of each file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Outcome = Literal["imported", "failed", "timed_out", "crashed"]

LONGEST_MESSAGE = 2_000
MOST_DAGS = 10_000
MOST_VIOLATIONS = 20


@dataclass(frozen=True)
class Failure:
    """An exception: its type's name, what it says, and the line of the file where it left it (0 when unknown)."""

    type: str
    message: str
    line: int


@dataclass(frozen=True)
class Violation:
    """Something that a file did while it was imported, and that only its tasks may do."""

    what: str
    line: int


@dataclass(frozen=True)
class Imported:
    """What came of one file. `seconds` is wall clock time."""

    path: str
    outcome: Outcome
    seconds: float
    dag_ids: tuple[str, ...] = ()
    error: Failure | None = None
    violations: tuple[Violation, ...] = ()
    stand_ins: tuple[str, ...] = ()
    """Variables, connections and variables of the environment that it read, and that were not given."""


def to_json(files: list[Imported], *, network_cut: bool) -> str:
    """The reply."""
    return json.dumps({"files": [asdict(file) for file in files], "network_cut": network_cut})
