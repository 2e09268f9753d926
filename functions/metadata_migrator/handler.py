"""`Custom::MetadataMigration`: hands CloudFormation's request to the state machine, and takes each of its steps.

The answer comes with the last step: an upgrade that waits for running tasks takes longer than a function may run.
"""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from control_plane import custom_resource
from control_plane.custom_resource import Request, Result
from control_plane.observability import logger, metrics, tracer
from control_plane.settings import read_settings

from .clients import Clients
from .request import execution_name, parse_request
from .settings import Settings
from .steps import PHYSICAL_RESOURCE_ID, WAIT, Steps

settings = read_settings(Settings, os.environ)
clients = Clients(
    dynamodb=boto3.client("dynamodb"),
    ecs=boto3.client("ecs"),
    ecs_once=boto3.client("ecs", config=Config(retries={"total_max_attempts": 1})),
    rds=boto3.client("rds"),
    sns=boto3.client("sns"),
    sqs=boto3.client("sqs"),
    stepfunctions=boto3.client("stepfunctions"),
)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str | int] | None:
    """A request of CloudFormation begins an execution; an event of an execution, whoever began it, is one of its steps."""
    metrics.add_metric(name="Invocations", unit="Count", value=1)
    if "RequestType" in event:
        custom_resource.answer(Request.parse(event), lambda request: begin(request, event))
        return None
    logger.append_keys(execution=event["execution"], step=event["step"])
    request = parse_request(event["request"])
    steps = Steps(settings, clients, event["execution"], request, time.time, seconds_of(event.get("began")))
    state = steps.take(event["step"], event.get("failure"))
    logger.info("step taken", extra={"state": state})
    return {"state": state, **({"seconds": steps.pause(event["step"])} if state == WAIT else {})}


def begin(request: Request, event: dict[str, Any]) -> Result | None:
    """None: the execution will answer. One, however often the request is delivered."""
    if request.kind == "Delete":
        return Result(PHYSICAL_RESOURCE_ID)
    try:
        clients.stepfunctions.start_execution(
            stateMachineArn=settings.state_machine_arn,
            name=execution_name(request),
            input=json.dumps({"request": event}),
        )
    except clients.stepfunctions.exceptions.ExecutionAlreadyExists:
        logger.info("the request was delivered again")
    return None


def seconds_of(start_time: str | None) -> float | None:
    """Of the context object's `$$.Execution.StartTime`, since 1970; the first step alone is given it.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
    """
    return datetime.fromisoformat(start_time).timestamp() if start_time else None
