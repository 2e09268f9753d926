"""What an upgrade asks of all workers: to finish, and to leave, until it says that they may come again.

A pure decision. The workers' protocol is that of every scale-in, so nothing that runs is ended for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from control_plane.worker_scaling.decision import Decision, unprotected
from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker

AFTERWARDS_SECONDS = 1800.0
"""So long after a hold, groups whose scaling is off are looked after: their workers are called back, and a new revision told."""


@dataclass(frozen=True)
class Hold:
    """What `metadata_migrator` asked last. Times are seconds since 1970."""

    is_asked: bool = False
    at: float = 0.0
    until: float = 0.0
    """After which it is forgotten: whoever asks for longer says so again."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """By worker service, how many it had before: those whose scaling is off get them back."""

    def stands(self, now: float) -> bool:
        """Whether nobody shall work."""
        return self.is_asked and now < self.until

    def concerns_all(self, now: float) -> bool:
        """Whether it stands, or groups whose scaling is off may still be as it left them."""
        ended_at = self.until if self.is_asked else self.at
        return self.stands(now) or now - ended_at < AFTERWARDS_SECONDS


def drain_all(fleet: Fleet, now: float) -> Decision:
    """Everybody drains, also who only starts; who is drained leaves; who has not begun, or has never reported, is taken back.

    One that never reported has taken nothing, and may wait for the very upgrade that this is for (`farflow.start`).
    """
    staying = [worker for worker in fleet.staying if worker.has_reported]
    leaving = [worker for worker in staying if _may_leave(worker)]
    orders = {worker.id: Order.DRAIN for worker in staying if worker.order is not Order.DRAIN and not worker.is_lost}
    gone = f"{len(staying)} workers are there, {len(leaving)} of them drained"
    if danger := unprotected(staying, leaving, now):
        return Decision(0, len(staying), len(staying), orders, f"an upgrade holds: {gone}; nobody is let go: {danger}")
    orders |= {worker.id: Order.LEAVE for worker in leaving}
    return Decision(0, len(staying), len(staying) - len(leaving), orders, f"an upgrade holds: {gone}")


def take_up_again(fleet: Fleet, count: int) -> Decision:
    """Where scaling is off: the workers that were drained accept again; where all have left, as many as before are started."""
    orders: Mapping[str, Order] = {
        worker.id: Order.ACCEPT for worker in fleet.staying if worker.order is not Order.ACCEPT
    }
    present = len(fleet.staying)
    desired = fleet.desired or count
    return Decision(desired, present, desired, orders, "an upgrade held, and holds no more: all accept")


def _may_leave(worker: Worker) -> bool:
    return worker.phase is Phase.DRAINED and worker.order is Order.DRAIN and not worker.is_lost
