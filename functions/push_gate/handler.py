"""`push_gate`: judges pushed commits from the queue, one a message, and sweeps every few minutes for what was lost.

A message may come twice, late, or after its commit is gone. A failure gives the message back: the next attempt comes a
few minutes later, the fifth ends in the dead letters, and the commit says that there is no verdict.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from control_plane.dag_releases import DagReleases
from control_plane.delivery_ledger import DeliveryLedger, Refused
from control_plane.observability import logger, metrics, tracer
from control_plane.push_work import PushWork
from control_plane.settings import read_settings
from dag_lint.each_file.known_files import KnownFiles
from dag_lint.version import lint_version

from .abandoned_work import AbandonedWorks
from .deploy_branch import DeployBranch
from .findings_cache import FindingsCache
from .gate import FOR_WHO_IS_TRUSTED, Gate
from .github import GitHub
from .github_auth import GitHubTokenError
from .judge import Judge
from .sandbox import sandbox_importer
from .settings import Settings
from .sweep import Sweep

SWEEP = "sweep"
"""The schedule's word."""

LEASE_SECONDS = 330
"""A little longer than this function lives."""

RESERVE_SECONDS = 20.0
"""For telling a commit that there is no verdict, before Lambda ends the function."""

RETRY_SECONDS = 120

RECEIVES = 5
"""As many as the queue allows before the dead letters."""

settings = read_settings(Settings, os.environ)
# The sandbox answers when its imports are done; asked again by botocore it would import twice.
patient = Config(read_timeout=210, retries={"mode": "standard", "total_max_attempts": 1})
dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
lambda_ = boto3.client("lambda", config=patient)
releases = DagReleases(boto3.client("s3"), settings.dags_bucket)
ledger = DeliveryLedger(dynamodb, settings.state_table, time.time)
abandoned = AbandonedWorks(dynamodb, settings.state_table, time.time)
github = GitHub(settings, boto3.client("kms"), boto3.client("secretsmanager"), Path("/tmp/blobs"))  # noqa: S108
deploy_branch = DeployBranch(
    dynamodb, settings.state_table, f"{settings.github_repository}#{settings.github_deploy_branch}"
)
version = f"{lint_version()}#{settings.lint_sandbox_image}"
judge = Judge(
    FindingsCache(dynamodb, settings.state_table, version, time.time),
    lambda folder_id: sandbox_importer(lambda_, settings.lint_sandbox, settings.lint_sandbox_image, folder_id),
    KnownFiles(Path("/tmp/lint/known_files.sqlite")),  # noqa: S108  # the function's own, for as long as it is warm
)
gate = Gate(judge, releases, deploy_branch, settings.github_deploy_branch, settings.github_dags_folder)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Judge the one message, or sweep. Raises on any failure."""

    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS

    if event.get("action") == SWEEP:
        metrics.add_metric(name="Sweeps", unit="Count", value=1)
        sweep = Sweep(ledger, abandoned, deploy_branch, settings.github_deploy_branch, send)
        try:
            with github.repository(seconds_left) as repository:
                swept = sweep.run(repository)
        except GitHubTokenError as error:  # between the deployment and the import of the App's key
            logger.warning("not set up", extra={"reason": str(error)})
            return {"not_set_up": str(error)}
        if swept.given_up:
            metrics.add_metric(name="Unjudged", unit="Count", value=1)
            logger.error("no verdict of the head", extra={"commit": swept.given_up})
        logger.info("swept", extra=asdict(swept))
        return asdict(swept)
    metrics.add_metric(name="Deliveries", unit="Count", value=1)
    (record,) = event["Records"]
    work = PushWork.from_json(record["body"])
    claim = ledger.start(work.delivery, LEASE_SECONDS, record["body"])
    if isinstance(claim, Refused):
        logger.info("left alone", extra={"delivery": work.delivery, "reason": claim.reason})
        return {"result": claim.reason}
    try:
        kept_back = 0.0 if work.trusted else FOR_WHO_IS_TRUSTED
        with github.repository(
            seconds_left, work.repository_id, work.installation_id, kept_back=kept_back
        ) as repository:
            outcome = gate.run(work, repository, last=is_last(record))
    except Exception:
        ledger.failed(work.delivery, claim.claim)
        come_again_soon(record)
        raise
    if outcome.result in ("unjudged", "deferred"):
        ledger.failed(work.delivery, claim.claim)  # asked for again by a person, it is tried again
    else:
        ledger.done(work.delivery)
    metrics.add_metric(name=outcome.result.capitalize(), unit="Count", value=1)
    logger.info(
        outcome.result, extra={"delivery": work.delivery, "ref": work.ref, "commit": work.after, **outcome.details}
    )
    return {"result": outcome.result}


def send(work: PushWork) -> None:
    """To this function itself, by way of its queue."""
    sqs.send_message(QueueUrl=settings.push_queue_url, MessageBody=work.to_json())


def is_last(record: dict[str, Any]) -> bool:
    """Whether the queue hands the message out no more after this."""
    return int(record["attributes"]["ApproximateReceiveCount"]) >= RECEIVES


def come_again_soon(record: dict[str, Any]) -> None:
    """Not only when the whole time is over for which a message is hidden from a second worker."""
    sqs.change_message_visibility(
        QueueUrl=settings.push_queue_url, ReceiptHandle=record["receiptHandle"], VisibilityTimeout=RETRY_SECONDS
    )
