"""`workload_metrics`: each minute, and every ten seconds while there is work.

Its metrics are what the alarms look at that invoke `worker_scaler`. What it cannot ask it does without: workers are
never taken away by what is not known.
"""

from __future__ import annotations

import os
import time
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from control_plane.observability import logger, metrics, tracer
from control_plane.settings import read_settings
from control_plane.worker_scaling.group import parse_groups
from control_plane.worker_scaling.scaling_state import ScalingState
from control_plane.worker_scaling.worker_service import WorkerService

from .incomplete import IncompleteError
from .learnt_state import LearntState
from .measuring import Measuring
from .metadata_watch import MetadataWatch
from .settings import Settings
from .ticking import next_tick

LEARN = "learn"
"""The hourly schedule's word: learn how long tasks take."""

settings = read_settings(Settings, os.environ)
groups = parse_groups(settings.worker_groups)
ecs = boto3.client("ecs")
dynamodb = boto3.client("dynamodb")
state = ScalingState(dynamodb, settings.state_table)


watch = MetadataWatch(
    settings,
    boto3.client("secretsmanager"),
    LearntState(dynamodb, settings.state_table),
    [group.name for group in groups],
)
measuring = Measuring(
    groups,
    {group.name: WorkerService(ecs, state, settings.cluster, group) for group in groups},
    state,
    watch.workloads,
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
    if event.get("action") == LEARN:
        logger.info("learnt", extra={"dags": watch.learn(time.time())})
        return
    began = time.time()
    missing: list[IncompleteError] = []
    at: float | None = began
    while at is not None:
        time.sleep(max(0.0, at - time.time()))
        busy, missing_now = measuring.look(time.time())
        missing += missing_now
        at = next_tick(began, time.time(), busy=busy)
    if missing:
        raise ExceptionGroup("not all could be measured", missing)
    metrics.add_metric(name="Measured", unit="Count", value=1)
