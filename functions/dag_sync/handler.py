"""`dag_sync`: whatever the event says, make the file system serve what the DAG bucket holds.

Events come from the bucket by way of SQS, and every two minutes from a schedule. Their content is ignored: they may
be doubled, late, out of order or lost without changing where this ends.
"""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from control_plane.dag_releases import DagReleases
from control_plane.observability import logger, metrics, tracer
from control_plane.settings import read_settings

from .bucket_collection import BucketCollection
from .collection import collect
from .dag_bucket import DagBucket
from .delivery import Delivery, Outcome
from .release_store import THREADS, ReleaseStore
from .settings import Settings

COLLECT = "collect"
"""The daily schedule's word: remove from the bucket what is kept long enough."""

settings = read_settings(Settings, os.environ)
s3 = boto3.client("s3", config=Config(max_pool_connections=THREADS))
bucket = DagBucket(s3, settings.dags_bucket, settings.dags_prefix)
releases = DagReleases(s3, settings.dags_bucket)
store = ReleaseStore(settings.file_system_path)


def now() -> datetime:
    """In UTC."""
    return datetime.now(UTC)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Deliver once. Raises on any failure: the events return to the queue, and the old release serves on."""
    metrics.add_metric(name="Deliveries", unit="Count", value=1)
    if event.get("action") == COLLECT:
        collected = BucketCollection(s3, settings.dags_bucket, releases, now).collect()
        logger.info("collected", extra=asdict(collected))
        return asdict(collected)
    with store.lock():
        outcome = Delivery(bucket, releases, store, now, time.sleep).run()
        measure(outcome)
        removed = [] if "Records" in event else collect(store, bucket, now())
        store.prepare(bucket.fetch)
    metrics.add_metric(name="Completed", unit="Count", value=1)
    found = {
        "action": outcome.action,
        "reason": outcome.reason,
        "release": outcome.served,
        "removed_releases": removed,
    }
    logger.info(outcome.action, extra=found)
    return found


def measure(outcome: Outcome) -> None:
    """Held and refused are told by each sweep anew, as zero too: their alarms end when the cause does."""
    metrics.add_metric(name="ReleasesHeld", unit="Count", value=outcome.held is not None)
    metrics.add_metric(name="ReleasesRefused", unit="Count", value=outcome.refused is not None)
    if outcome.built and outcome.published:
        seconds = (now() - outcome.published.changed_at).total_seconds()
        metrics.add_metric(name="SecondsToVisible", unit="Seconds", value=max(0.0, seconds))
        metrics.add_metric(name="FilesFetched", unit="Count", value=outcome.built.files_fetched)
        metrics.add_metric(name="BytesFetched", unit="Bytes", value=outcome.built.bytes_fetched)
        metrics.add_metric(name="FilesLinked", unit="Count", value=outcome.built.files_linked)
