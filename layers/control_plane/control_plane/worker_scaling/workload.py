"""What one worker group has to do, as it was observed at one moment. Times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

USUAL_SECONDS = 60.0
"""How long a task is taken to run of which nothing is known."""


@dataclass(frozen=True)
class Work:
    """`count` task instances that want a slot from the same moment on, each for as long."""

    at: float
    """When they are, or were, ready for a slot: the past for what waits, the future for what is foreseen."""
    seconds: float
    """How long each is expected to hold its slot."""
    count: int = 1


@dataclass(frozen=True)
class Running:
    """One task instance in a slot."""

    hostname: str
    """Of its worker, as Airflow notes it."""
    ends_at: float
    """When it is expected to end; later than now also when it is overdue."""


@dataclass(frozen=True)
class Workload:
    """All of it, for one worker group."""

    observed_at: float
    running: tuple[Running, ...] = ()
    waiting: tuple[Work, ...] = ()
    """Queued, and scheduled as far as pools, parallelism and limits admit it now."""
    foreseen: tuple[Work, ...] = ()
    """What will be ready within the horizon: roots of the schedule, next tasks of active runs, retries, reschedules."""
    unforeseen_slots: float = 0.0
    """Slots that work which no forecast knew held lately, on average."""
    is_complete: bool = True
    """False when only SQS and the workers' own reports were there to ask: enough to grow by, never to shrink."""

    def work(self) -> list[Work]:
        """Waiting and foreseen, in the order in which it gets slots."""
        return sorted((*self.waiting, *self.foreseen), key=lambda work: work.at)


def count(work: Iterable[Work]) -> int:
    """The task instances in `work`."""
    return sum(each.count for each in work)
