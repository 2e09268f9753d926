"""`workload_metrics`: each minute, and every ten seconds while there is work.

Its metrics are what the alarms look at that invoke `worker_scaler`. What it cannot ask it does without: workers are
never taken away by what is not known.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from control_plane.observability import logger, metrics, tracer
from control_plane.settings import read_settings
from control_plane.worker_scaling.group import parse_groups
from control_plane.worker_scaling.scaling_state import ScalingState
from control_plane.worker_scaling.worker_service import WorkerService
from control_plane.worker_scaling.workload import Workload

from .measuring import IncompleteError, Measuring
from .settings import Settings
from .ticking import next_tick

settings = read_settings(Settings, os.environ)
groups = parse_groups(settings.worker_groups)
ecs = boto3.client("ecs")
state = ScalingState(boto3.client("dynamodb"), settings.state_table)


def observe(now: float) -> Mapping[str, Workload]:
    """Each group's workload."""
    raise IncompleteError("the database is not asked yet")


measuring = Measuring(
    groups,
    {group.name: WorkerService(ecs, state, settings.cluster, group) for group in groups},
    state,
    observe,
    boto3.client("sqs"),
    boto3.client("cloudwatch"),
    str(metrics.namespace),
    boto3.client("lambda"),
    settings.worker_scaler,
)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Look, and look again until the minute is over or there is nothing to do. Raises when a look was incomplete."""
    metrics.add_metric(name="Invocations", unit="Count", value=1)
    began = time.time()
    missing: list[IncompleteError] = []
    at: float | None = began
    while at is not None:
        time.sleep(max(0.0, at - time.time()))
        busy, missing_now = measuring.look(time.time())
        for error in missing_now:
            logger.warning("not all could be measured", extra={"reason": str(error)})
        missing += missing_now
        at = next_tick(began, time.time(), busy=busy)
    if missing:
        raise ExceptionGroup("not all could be measured", missing)
    metrics.add_metric(name="Measured", unit="Count", value=1)
