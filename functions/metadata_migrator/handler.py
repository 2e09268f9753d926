"""`Custom::MetadataMigration`: Create and Update run the migration, Delete has nothing to undo."""

from __future__ import annotations

import time
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from control_plane import custom_resource
from control_plane.observability import logger, metrics, tracer

from . import migration

PHYSICAL_RESOURCE_ID = "metadata-migration"

ANSWER_SECONDS = 30
"""Kept of the function's time to tell CloudFormation that the migration took too long."""

ecs = boto3.client("ecs")


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Answer one custom resource request. Never raises for a failed migration: the stack is told instead."""
    metrics.add_metric(name="MigrationRequests", unit="Count", value=1)

    def act(request: custom_resource.Request) -> custom_resource.Result:
        if request.kind != "Delete":
            migrate(request, context)
        return custom_resource.Result(PHYSICAL_RESOURCE_ID)

    custom_resource.answer(custom_resource.Request.parse(event), act)


def migrate(request: custom_resource.Request, context: LambdaContext) -> None:
    """Run the migration that `request` asks for. Raises `MigrationError` when it did not succeed."""
    wanted = migration.MigrationRequest.parse(request.properties)
    started = time.monotonic()
    task_arn = migration.start(ecs, wanted, client_token=request.request_id, sleep=time.sleep)
    logger.append_keys(task_arn=task_arn)
    logger.info("migration started", extra={"task_definition": wanted.task_definition})
    migration.await_end(
        ecs,
        wanted.cluster,
        task_arn,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS,
        sleep=time.sleep,
    )
    seconds = time.monotonic() - started
    metrics.add_metric(name="MigrationSeconds", unit="Seconds", value=seconds)
    logger.info("migration succeeded", extra={"seconds": round(seconds, 1)})
