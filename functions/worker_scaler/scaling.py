"""One step for one worker group, as the only one who acts for it: observe, decide, act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from control_plane.worker_scaling.decision import Decision, decide
from control_plane.worker_scaling.fleet import Order
from control_plane.worker_scaling.group import WorkerGroup
from control_plane.worker_scaling.hold import decide_where_off, drain_all, revision_where_off
from control_plane.worker_scaling.rollout import RolledOut
from control_plane.worker_scaling.scaling_state import Lease, ScalingState
from control_plane.worker_scaling.worker_service import (
    ServiceView,
    WorkerService,
    orders_in_turn,
    typical_cold_start,
)

from .freshness import worth

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

LEASE_SECONDS = 90.0
"""Longer than the function may run: it ends before somebody else begins."""


@dataclass(frozen=True)
class Step:
    """What was decided, and what of it was done."""

    decision: Decision
    view: ServiceView
    rolled_out: str
    """The task definition that the service was told, or nothing."""
    ordered: dict[str, Order]
    is_whole: bool
    """Whether all of it was done: another may have acted for the group meanwhile, or a worker not be drained any more."""


class Scaling:
    """For one group. `now` is in seconds since 1970."""

    def __init__(
        self, ecs: ECSClient, cluster: str, state: ScalingState, group: WorkerGroup, now: Callable[[], float]
    ) -> None:
        self._ecs = ecs
        self._cluster = cluster
        self._service = WorkerService(ecs, state, cluster, group)
        self._state = state
        self._group = group
        self._now = now

    def step(self) -> Step | None:
        """None when another has the lease: what it does not see yet, the next tick does."""
        lease = self._state.acquire(self._group.name, self._now(), LEASE_SECONDS)
        if lease is None:
            return None
        try:
            return self._step(lease)
        finally:
            self._state.release(lease)

    def _step(self, lease: Lease) -> Step:
        name = self._group.name
        cold_start = typical_cold_start(self._state.cold_starts(name).values())
        view = self._service.observe(cold_start, self._now())
        hold = self._state.hold.load()
        if hold.stands(self._now()):
            return self._act(lease, drain_all(view.fleet, self._now()), view, "")
        is_followed = hold.is_followed(self._state.hold.followed_at(self._group.service))
        if self._group.is_off:
            decision = decide_where_off(view.fleet, hold, self._group.service, self._now(), is_followed=is_followed)
            roll_out = revision_where_off(view.fleet.rollout, hold, self._now())
            is_given_back = decision.desired == hold.count_after(self._group.service, view.fleet.desired)
        else:
            workload = worth(self._state.workload(name), self._now())
            decision = decide(workload, view.fleet, self._group.policy(cold_start), self._now())
            roll_out = view.fleet.rollout.to_tell
            is_given_back = True
        step = self._act(lease, decision, view, roll_out)
        if step.is_whole and is_given_back and not is_followed:
            self._state.hold.save_followed(self._group.service, hold)
        return step

    def _act(self, lease: Lease, decision: Decision, view: ServiceView, roll_out: str) -> Step:
        """The count first: whoever is told to leave afterwards gives its protection up when nobody else can be stopped."""
        if not self._state.extend(lease, self._now(), LEASE_SECONDS):
            return Step(decision, view, "", {}, is_whole=False)
        changes: dict[str, Any] = {"desiredCount": decision.desired} if decision.desired != view.fleet.desired else {}
        if roll_out:
            changes["taskDefinition"] = roll_out
        if changes:
            self._ecs.update_service(cluster=self._cluster, service=self._group.service, **changes)
        if roll_out or view.fleet.rollout.is_unrecorded:
            self._state.save_rolled_out(lease, RolledOut(view.fleet.rollout.newest, self._now()))
        # Only the newest of two that believe to have the lease is heard.
        ordered = {
            worker: order
            for worker, order in orders_in_turn(decision.orders)
            if self._state.order(worker, order, lease)
        }
        return Step(decision, view, roll_out, ordered, is_whole=ordered == decision.orders)
