"""What an upgrade asks of all workers: to finish, and to leave, until it says that they may come again.

A pure decision. The workers' protocol is that of every scale-in, so nothing that runs is ended for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from control_plane.worker_scaling.decision import Decision, unprotected
from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker

AFTERWARDS_SECONDS = 1800.0
"""So long after a hold, groups whose scaling is off are looked after, until what it took from them is there again."""


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


def take_up_again(fleet: Fleet, hold: Hold, service: str, taken_up_at: float) -> tuple[Decision, str]:
    """Where scaling is off: as many workers as before, all accepting; and the revision that the service is told, or nothing.

    Once each: then the workers are again told and counted by nobody but their owner. `taken_up_at` is when the hold was asked
    or lifted that was followed last, in seconds since 1970.
    """
    told = fleet.rollout.told
    revision = fleet.rollout.to_tell if told is None or told.at < hold.at else ""
    present = len(fleet.staying)
    if taken_up_at >= hold.at:
        return Decision(
            fleet.desired, present, fleet.desired, {}, "an upgrade held, and its workers are back"
        ), revision
    orders: Mapping[str, Order] = {
        worker.id: Order.ACCEPT for worker in fleet.staying if worker.order is not Order.ACCEPT
    }
    desired = max(fleet.desired, hold.counts.get(service, 0))
    return Decision(desired, present, desired, orders, "an upgrade held, and holds no more: all accept"), revision


def _may_leave(worker: Worker) -> bool:
    return worker.phase is Phase.DRAINED and worker.order is Order.DRAIN and not worker.is_lost
