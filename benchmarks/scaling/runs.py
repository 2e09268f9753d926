"""What there is to do: DAG runs, as they were or as a family of workloads draws them. Times are seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

type Levels = tuple[tuple[float, ...], ...]
"""Seconds of each task; the tasks of a level wait for those of the level before."""


@dataclass(frozen=True)
class Run:
    """One DAG run."""

    dag_id: str
    run_after: float
    known: bool
    """Whether the schedule announces it; events and people do not."""
    levels: Levels
    pauses: tuple[float, ...] = ()
    """Per level, the seconds between the end of the level before and its own beginning: retry delays, poke intervals."""
    max_active: int = 0
    """How many runs of its DAG go on at the same time; 0 for no limit."""

    def pause(self, level: int) -> float:
        return self.pauses[level] if self.pauses else 0.0


@dataclass(frozen=True)
class Day:
    """A stretch of work that is simulated, and what was before it."""

    runs: Sequence[Run]
    """By `run_after`."""
    seconds: float
    """How long is billed at least; longer when tasks still run."""
    past: Sequence[Run] = field(default_factory=tuple)
    """Runs that ended before: forecasts learn from them."""
