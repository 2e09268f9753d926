"""How far one DAG run is, as the play has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from .dag_structure import DagStructure
from .trigger_rules import FAILED


@dataclass
class RunPlay:
    """How far one DAG run is."""

    dag_id: str
    run_id: str
    logical_date: datetime | None
    backfill_id: int | None
    structure: DagStructure
    fresh: dict[str, int] = field(default_factory=dict)
    """By task, instances that have no state yet."""
    open: dict[str, int] = field(default_factory=dict)
    """By task, instances that have not ended, the fresh ones among them."""
    ended: dict[str, set[str]] = field(default_factory=dict)
    """By task, how those ended that did."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """By task of which all instances ended."""
    unexpanded: set[str] = field(default_factory=set)
    """Mapped tasks of which nobody knows yet how many instances they will have."""


def outcome_of(states: Iterable[str]) -> str:
    """Of a task whose instances ended so. One that has none, since the run is older than it, holds nobody up."""
    states = set(states)
    if states & FAILED:
        return "failed"
    return "skipped" if states == {"skipped"} else "success"
