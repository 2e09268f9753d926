"""The workers of one group, as ECS and they themselves tell of them. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from control_plane.worker_scaling.rollout import NOTHING_TO_ROLL_OUT, Rollout


class Phase(StrEnum):
    """How far a worker is, by its own report. `airflow/farflow/worker_life.py` goes through them."""

    STARTING = "starting"
    """It has not opened its gate yet: not protected, no message taken."""
    ACCEPTING = "accepting"
    """Protected, and polls."""
    DRAINING = "draining"
    """Protected, polls no more; a last poll is open, or tasks run."""
    DRAINED = "drained"
    """Protected, without poll, message and task. It can be called back."""
    LEAVING = "leaving"
    """It gave its protection up, for good: ECS may stop it."""


class Order(StrEnum):
    """What a worker is told, in its item of the state table."""

    ACCEPT = "accept"
    DRAIN = "drain"
    LEAVE = "leave"
    """Give the protection up. A worker that is not drained takes it for `DRAIN`."""


@dataclass(frozen=True)
class Worker:
    """One ECS task of the group's service that ECS means to keep running."""

    id: str
    phase: Phase = Phase.STARTING
    order: Order = Order.ACCEPT
    """What it was told last; a worker that was told nothing accepts."""
    hostname: str = ""
    accepts_at: float = 0.0
    """Of a starting worker: when it is expected to accept."""
    active: int = 0
    """Tasks that it runs, by its own count."""
    idle_since: float | None = None
    """Since when it runs nothing; None while it does, or did not say."""
    protected_until: float = 0.0
    """Of a starting worker: until when it is protected at least, should it have come up meanwhile."""
    is_current: bool = True
    """Whether it is of the task definition that the group should run."""
    has_reported: bool = True
    """Whether it ever said anything of itself."""
    is_lost: bool = False
    """Its reports stopped: it may run tasks, but nobody knows whether it takes more."""

    @property
    def is_on_its_way_out(self) -> bool:
        """It gave its protection up, or will within seconds.

        One that was told to leave and is silent may never hear of it: ECS counts it, and so must the count, or others lack a place.
        """
        return self.phase is Phase.LEAVING or (self.order is Order.LEAVE and not self.is_lost)


@dataclass(frozen=True)
class Fleet:
    """All workers of the group, and the service's desired count and revision."""

    desired: int
    workers: tuple[Worker, ...] = ()
    rollout: Rollout = NOTHING_TO_ROLL_OUT

    @property
    def staying(self) -> list[Worker]:
        """Those that are not on their way out."""
        return [worker for worker in self.workers if not worker.is_on_its_way_out]

    @property
    def pending(self) -> int:
        """Workers that ECS was asked for and has not begun to start, also those that will take the place of one that goes."""
        return max(0, self.desired - len(self.staying))
