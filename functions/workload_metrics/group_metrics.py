"""The metrics of one worker group, as CloudWatch takes them. Names and dimension are what alarms and dashboards look for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from control_plane.worker_scaling.decision import Decision
from control_plane.worker_scaling.fleet import Phase, Worker
from control_plane.worker_scaling.worker_service import ServiceView
from control_plane.worker_scaling.workload import Workload, count

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

DIMENSION = "worker_group"
HIGH_RESOLUTION_SECONDS = 1
"""Alarms with a period of ten seconds need it: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html"""


def metric_data(
    group: str, workload: Workload | None, view: ServiceView, decision: Decision, queued: int | None
) -> list[MetricDatumTypeDef]:
    """What is not known is left out, for it is not zero. `queued` are the messages that nobody has taken."""
    values: dict[str, float] = {
        "WorkersNeeded": decision.needed,
        "WorkersPresent": decision.present,
        "WorkersGap": decision.gap,
        "WorkersAwaited": max(0, decision.needed - sum(map(is_ready, view.fleet.workers))),
        "WorkersLost": sum(worker.is_lost for worker in view.fleet.workers),
        "RolloutsTakenBack": int(view.fleet.rollout.was_taken_back),
    }
    if queued is not None:
        values["MessagesQueued"] = queued
    if workload is not None and workload.is_complete:
        values |= {
            "TasksRunning": len(workload.running),
            "TasksWaiting": count(workload.waiting),
            "TasksForeseen": count(workload.foreseen),
            "SlotsUnforeseen": workload.unforeseen_slots,
        }
    now = datetime.now(UTC)
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": DIMENSION, "Value": group}],
            "Timestamp": now,
            "Value": value,
            "Unit": "Count",
            "StorageResolution": HIGH_RESOLUTION_SECONDS,
        }
        for name, value in values.items()
    ]


def is_ready(worker: Worker) -> bool:
    """Whether it takes work, or would within seconds when it is told to."""
    return worker.phase in (Phase.ACCEPTING, Phase.DRAINING, Phase.DRAINED) and not worker.is_lost
