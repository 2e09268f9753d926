"""`worker_scaler`: brings each worker group nearer to the workers that it needs.

Invoked by alarms on the gap, and by `workload_metrics` when a gap persists. Events may be doubled, late, out of order or
lost: each looks anew at what there is, and one at a time acts for a group.
"""

from __future__ import annotations

import os
import time
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from control_plane.observability import logger, metrics, tracer
from control_plane.settings import read_settings
from control_plane.worker_scaling.group import WorkerGroup, named, parse_groups
from control_plane.worker_scaling.scaling_state import ScalingState

from .invocation import group_names
from .scaling import Scaling, Step
from .settings import Settings

settings = read_settings(Settings, os.environ)
groups = parse_groups(settings.worker_groups)
ecs = boto3.client("ecs")
state = ScalingState(boto3.client("dynamodb"), settings.state_table)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """One step for each group that the event names. Raises when one failed, after the others had their turn."""
    metrics.add_metric(name="Invocations", unit="Count", value=1)
    failures = []
    for group in named(groups, group_names(event)):
        try:
            step = Scaling(ecs, settings.cluster, state, group, time.time).step()
        except Exception as error:  # noqa: BLE001 - it fails the invocation below, when the others had their turn
            logger.exception("a group could not be scaled", extra={"worker_group": group.name})
            failures.append(error)
        else:
            tell(group, step)
    if failures:
        raise ExceptionGroup("worker groups could not be scaled", failures)


def tell(group: WorkerGroup, step: Step | None) -> None:
    """The decision, its reason and what it was made of, as one line that `make explain` reads."""
    if step is None:
        logger.info("another invocation acts for the group", extra={"worker_group": group.name})
        return
    decision, fleet = step.decision, step.view.fleet
    logger.info(
        "decided",
        extra={
            "worker_group": group.name,
            "reason": decision.reason,
            "needed": decision.needed,
            "present": decision.present,
            "desired": {"before": fleet.desired, "after": decision.desired},
            "orders": {worker: order.value for worker, order in step.ordered.items()},
            "workers": {
                worker.id: f"{worker.phase}, {worker.active} run{', lost' if worker.is_lost else ''}"
                f"{'' if worker.is_current else ', older revision'}"
                for worker in fleet.workers
            },
            **({"rolled_out": step.rolled_out} if step.rolled_out else {}),
        },
    )
