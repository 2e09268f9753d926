"""One look at the work and the workers of every group: measure, tell, and have the workers counted when a gap persists."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from control_plane.observability import logger
from control_plane.worker_scaling.decision import Decision, decide
from control_plane.worker_scaling.group import WorkerGroup
from control_plane.worker_scaling.hold import Hold, decide_where_off, drain_all, revision_where_off
from control_plane.worker_scaling.policy import Policy
from control_plane.worker_scaling.scaling_state import ScalingState
from control_plane.worker_scaling.worker_service import (
    ServiceView,
    WorkerService,
    typical_cold_start,
    with_new_cold_starts,
)
from control_plane.worker_scaling.workload import Workload

from .group_metrics import metric_data
from .incomplete import IncompleteError, noted
from .queue_depth import messages_queued, workload_from_queue
from .ticking import MINUTE_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

TICKS_UNTIL_INVOKED = 2
"""An alarm acts when it changes its state, and never again while it stays: what is left after so many looks is not waited for."""


class Measuring:
    """Looks at all groups. It remembers between looks which groups had a gap; a new one begins to count again.

    `observe` asks the database for each group's workload, at a time in seconds since 1970 and so many seconds ahead, and
    notes what it did without.
    """

    def __init__(
        self,
        groups: Sequence[WorkerGroup],
        services: Mapping[str, WorkerService],
        state: ScalingState,
        observe: Callable[[float, float, list[IncompleteError]], Mapping[str, Workload]],
        sqs: SQSClient,
        cloudwatch: CloudWatchClient,
        namespace: str,
        lambda_: LambdaClient,
        worker_scaler: str,
    ) -> None:
        self._groups = groups
        self._services = services
        self._state = state
        self._observe = observe
        self._sqs = sqs
        self._cloudwatch = cloudwatch
        self._namespace = namespace
        self._lambda = lambda_
        self._worker_scaler = worker_scaler
        self._gaps: dict[str, int] = {}
        """Per group, the looks in a row after which there was something to do."""

    def look(self, now: float) -> tuple[bool, list[IncompleteError]]:
        """Whether to look again soon, and what was missing of this look."""
        missing: list[IncompleteError] = []
        cold_starts: dict[str, Mapping[str, float]] = {}
        for group in self._groups:
            with noted(missing, f"{group.name}, the cold starts"):
                cold_starts[group.name] = self._state.cold_starts(group.name)
        policies = {
            group.name: group.policy(typical_cold_start(cold_starts.get(group.name, {}).values()))
            for group in self._groups
        }
        ahead = MINUTE_SECONDS + max(policy.launch_horizon_seconds for policy in policies.values())
        workloads: Mapping[str, Workload] = {}
        with noted(missing, "the metadata database"):
            workloads = self._observe(now, ahead, missing)
        busy = False
        for group in self._groups:
            is_busy = True
            with noted(missing, group.name):
                policy, known = policies[group.name], cold_starts.get(group.name)
                is_busy = self._look_at(group, policy, known, workloads.get(group.name), now, missing)
            busy |= is_busy
        return busy, missing

    def _look_at(
        self,
        group: WorkerGroup,
        policy: Policy,
        known: Mapping[str, float] | None,
        workload: Workload | None,
        now: float,
        missing: list[IncompleteError],
    ) -> bool:
        """Have the workers counted before anything is told: without CloudWatch the fleet grows all the same."""
        view = self._services[group.name].observe(policy.cold_start_seconds, now)
        with noted(missing, f"{group.name}, the cold starts"):
            self._learn(group, known, view)
        queued = None
        with noted(missing, f"{group.name}, the messages queued"):
            queued = messages_queued(self._sqs, group.queue_url)
        if workload is None:
            if queued is None:
                return True
            workload = workload_from_queue(queued, now)
        with noted(missing, f"{group.name}, the workload"):
            self._state.save_workload(group.name, workload)
        decision, changes = self._decide(group, policy, workload, view, now, missing)
        with noted(missing, f"{group.name}, the invocation of the scaler"):
            self._have_counted(group, changes=changes)
        with noted(missing, f"{group.name}, the metrics"):
            self._cloudwatch.put_metric_data(
                Namespace=self._namespace, MetricData=metric_data(group.name, workload, view, decision, queued)
            )
        logger.info(
            "measured",
            extra={
                "worker_group": group.name,
                "reason": decision.reason,
                "needed": decision.needed,
                "present": decision.present,
                "desired": view.fleet.desired,
                "cold_start_seconds": round(policy.cold_start_seconds, 1),
                "unforeseen_slots": round(workload.unforeseen_slots, 2),
            },
        )
        return changes or has_work(group, workload, decision)

    def _decide(
        self,
        group: WorkerGroup,
        policy: Policy,
        workload: Workload,
        view: ServiceView,
        now: float,
        missing: list[IncompleteError],
    ) -> tuple[Decision, bool]:
        """What is needed, also where scaling is off; and whether `worker_scaler` would do anything."""
        hold, is_followed = self._hold(group, missing)
        if hold.stands(now):
            drained = drain_all(view.fleet, now)
            return drained, has_to_change(drained, view, "")
        decision, roll_out = decide(workload, view.fleet, policy, now), view.fleet.rollout.to_tell
        done = decision
        if group.is_off:
            done = decide_where_off(view.fleet, hold, group.service, now, is_followed=is_followed)
            roll_out = revision_where_off(view.fleet.rollout, hold, now)
        return decision, not is_followed or has_to_change(done, view, roll_out)

    def _hold(self, group: WorkerGroup, missing: list[IncompleteError]) -> tuple[Hold, bool]:
        """What an upgrade asked last, and whether the group has followed it to its end. Of what cannot be read, nothing is asked."""
        with noted(missing, "whether an upgrade holds"):
            hold = self._state.hold.load()
            return hold, hold.is_followed(self._state.hold.followed_at(group.service))
        return Hold(), True

    def _learn(self, group: WorkerGroup, known: Mapping[str, float] | None, view: ServiceView) -> None:
        """What could not be read is not overwritten."""
        learnt = with_new_cold_starts(known or {}, view.cold_starts)
        if known is not None and learnt != known:
            self._state.save_cold_starts(group.name, learnt)

    def _have_counted(self, group: WorkerGroup, *, changes: bool) -> None:
        self._gaps[group.name] = self._gaps.get(group.name, 0) + 1 if changes else 0
        if self._gaps[group.name] >= TICKS_UNTIL_INVOKED:
            self._lambda.invoke(
                FunctionName=self._worker_scaler,
                InvocationType="Event",
                Payload=json.dumps({"worker_groups": [group.name]}).encode(),
            )


def has_to_change(decision: Decision, view: ServiceView, roll_out: str) -> bool:
    """Whether `worker_scaler` would do anything, with the revision that it would tell; also remember one that it did not."""
    is_told = bool(roll_out) or view.fleet.rollout.is_unrecorded
    return decision.desired != view.fleet.desired or bool(decision.orders) or is_told


def has_work(group: WorkerGroup, workload: Workload, decision: Decision) -> bool:
    """Whether there is work, or soon, or workers who are still to come or to go."""
    work = workload.running or workload.waiting or workload.foreseen
    return bool(work) or (decision.gap != 0 and not group.is_off)
