"""What an upgrade asks of all workers: to finish, and to leave, until it says that they may come again.

A pure decision. The workers' protocol is that of every scale-in, so nothing that runs is ended for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from control_plane.worker_scaling.decision import Decision, unprotected
from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker
from control_plane.worker_scaling.rollout import Rollout

NEW_REVISION_SECONDS = 1800.0
"""So long after a hold, groups whose scaling is off are told new revisions: those of the deployment that it was for."""


@dataclass(frozen=True)
class Hold:
    """What `metadata_migrator` asked last. Times are seconds since 1970."""

    is_asked: bool = False
    at: float = 0.0
    """When it was asked for, or lifted. By this time workers' services also tell which one they have followed."""
    until: float = 0.0
    """After which it is forgotten: whoever asks for longer says so again."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """By worker service, how many it had before: those whose scaling is off get them back."""
    brings_revision: bool = False
    """Of one that was lifted: whether the deployment that it was for goes on, with new revisions of the services."""

    def stands(self, now: float) -> bool:
        """Whether nobody shall work."""
        return self.is_asked and now < self.until

    def is_followed(self, followed_at: float) -> bool:
        """Whether this one was followed to its end by a service that did so last with the hold of that time."""
        return followed_at >= self.at

    def count_after(self, service: str, count: int) -> int:
        """How many workers a service whose scaling is off shall have after it, when its count is `count`."""
        return self.counts.get(service, count)

    def has_brought_revision(self, now: float) -> bool:
        """Whether it was lifted lately, for a deployment that goes on."""
        return self.brings_revision and now - self.at < NEW_REVISION_SECONDS


def drain_all(fleet: Fleet, now: float) -> Decision:
    """Everybody drains, also who only starts; who is drained leaves; who has not begun, or has never reported, is taken back.

    One that never reported has taken nothing, and may wait for the very upgrade that this is for (`farflow.start`).
    """
    staying = [worker for worker in fleet.staying if worker.has_reported]
    leaving = [worker for worker in staying if _may_leave(worker)]
    orders = {worker.id: Order.DRAIN for worker in staying if worker.order is not Order.DRAIN and not worker.is_lost}
    gone = f"{len(staying)} workers are there, {len(leaving)} of them drained"
    if danger := unprotected(staying, leaving, now):
        reason = f"an upgrade holds: {gone}; nobody is let go: {danger}"
        return Decision(0, len(fleet.staying), fleet.desired, orders, reason)
    orders |= {worker.id: Order.LEAVE for worker in leaving}
    return Decision(0, len(staying), len(staying) - len(leaving), orders, f"an upgrade holds: {gone}")


def decide_where_off(fleet: Fleet, hold: Hold, service: str, now: float, *, is_followed: bool) -> Decision:
    """Where scaling is off: once after a hold as many workers as before, all accepting; then their owner's orders stand.

    Who counted fewer than are there, for they are protected, counts that few again; the count is lowered only while all are.
    """
    present = len(fleet.staying)
    if is_followed:
        return Decision(fleet.desired, present, fleet.desired, reason="its scaling is off")
    orders = {worker.id: Order.ACCEPT for worker in fleet.staying if worker.order is not Order.ACCEPT}
    before = hold.count_after(service, fleet.desired)
    reason = "an upgrade held, and holds no more: all accept"
    if before < fleet.desired and (danger := unprotected(fleet.staying, (), now)):
        return Decision(before, present, fleet.desired, orders, f"{reason}; the count is not lowered: {danger}")
    return Decision(before, present, before, orders, reason)


def revision_where_off(rollout: Rollout, hold: Hold, now: float) -> str:
    """Where scaling is off: the revision that the service is told, or nothing.

    For a while after the hold of a deployment the newest, unless it was told since: its owner may go back. And at any time
    the one before, when CloudFormation has taken the service's own back.
    """
    told = rollout.told
    is_told = told is not None and told.task_definition == rollout.newest and told.at >= hold.at
    is_of_hold = hold.has_brought_revision(now) and not is_told
    return rollout.to_tell if is_of_hold or rollout.is_withdrawn else ""


def _may_leave(worker: Worker) -> bool:
    return worker.phase is Phase.DRAINED and worker.order is Order.DRAIN and not worker.is_lost
