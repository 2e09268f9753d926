"""`Custom::AirflowImage`: Create and Update answer with an image of `airflow/`, built when there is none. Delete keeps it.

A build may take longer than a function: before its time ends, the function invokes itself with the build's id and
the next invocation waits on. Nothing else is remembered, so a repeated, delayed or retried delivery ends the same.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from control_plane import custom_resource
from control_plane.observability import logger, metrics, tracer
from control_plane.settings import read_settings

from . import image_build
from .build_outcome import Failed, outcome, report
from .image_source import image_tag
from .settings import Settings

PHYSICAL_RESOURCE_ID = "airflow-image"

MARGIN_SECONDS = 60
"""Kept of the function's time to invoke the next one, or to answer CloudFormation."""

INVOCATIONS = 4
"""Together less than the hour that CloudFormation waits, and than the sixteen at which Lambda suspects a loop.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

REASON_BYTES = 3000
"""Of the 4,096 of an answer; the rest is ids."""

settings = read_settings(Settings, os.environ)
retries = Config(retries={"mode": "standard", "max_attempts": 10})
codebuild = boto3.client("codebuild", config=retries)
ecr = boto3.client("ecr", config=retries)
lambda_ = boto3.client("lambda", config=retries)
logs = boto3.client("logs", config=retries)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Answer one custom resource request, or hand it to the next invocation. Never raises for a failed build."""
    metrics.add_metric(name="ImageRequests", unit="Count", value=1)

    def act(request: custom_resource.Request) -> custom_resource.Result | None:
        if request.kind == "Delete":
            return custom_resource.Result(PHYSICAL_RESOURCE_ID)
        return provide(request, event, context)

    custom_resource.answer(custom_resource.Request.parse(event), act)


def provide(
    request: custom_resource.Request, event: Mapping[str, Any], context: LambdaContext
) -> custom_resource.Result | None:
    """The image's address by digest, or None when the next invocation waits on. Raises `ImageError`."""
    wanted = image_build.ImageRequest.parse(request.properties)
    source = image_build.fetch_source(lambda_, wanted.source_arn)
    tag = image_tag(source, wanted.cpu_architecture, wanted.base_image)
    logger.append_keys(image_tag=tag)
    digest = image_build.find_digest(ecr, settings.repository_name, tag)
    if digest is None:
        build_id = event.get("BuildId") or image_build.start_once(
            codebuild, settings.project_name, request.request_id, tag, wanted
        )
        logger.append_keys(build_id=build_id)
        logger.info("awaiting the build")
        build = image_build.await_end(
            codebuild,
            build_id,
            seconds_left=lambda: context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS,
            sleep=time.sleep,
        )
        if build is None:
            hand_over(event, build_id, context)
            return None
        digest = image_build.find_digest(ecr, settings.repository_name, tag)
        if digest is None:
            result = outcome(build)
            reason = result.reason if isinstance(result, Failed) else "the build succeeded and pushed nothing"
            link = build.get("logs", {}).get("deepLink", "")
            lines = image_build.last_log_lines(logs, build)
            raise image_build.ImageError(report(reason, link, lines, REASON_BYTES))
        metrics.add_metric(name="ImagesBuilt", unit="Count", value=1)
    logger.info("image is there", extra={"digest": digest})
    return custom_resource.Result(
        PHYSICAL_RESOURCE_ID, {"ImageUri": f"{settings.repository_uri}@{digest}", "ImageTag": tag}
    )


def hand_over(event: Mapping[str, Any], build_id: str, context: LambdaContext) -> None:
    """Have the next invocation wait on for the build. Raises `ImageError` when this was the last."""
    invocation = int(event.get("Invocation", 1)) + 1
    if invocation > INVOCATIONS:
        raise image_build.ImageError(f"the build {build_id} still runs; deploy again once it ended")
    logger.info("handing over", extra={"invocation": invocation})
    lambda_.invoke(
        FunctionName=context.invoked_function_arn,
        InvocationType="Event",
        Payload=json.dumps({**event, "BuildId": build_id, "Invocation": invocation}),
    )
