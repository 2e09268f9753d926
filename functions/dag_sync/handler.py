"""`dag_sync`: whatever the event says, make the file system serve what the DAG bucket holds.

Events come from the bucket by way of SQS, and every five minutes from a schedule. Their content is
ignored: they may be doubled, late, out of order or lost without changing where this ends.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from control_plane.observability import logger, metrics, tracer
from control_plane.settings import read_settings

from .dag_bucket import DagBucket
from .release import Keep, decide, release_of
from .release_store import ReleaseStore
from .settings import Settings

settings = read_settings(Settings, os.environ)
bucket = DagBucket(boto3.client("s3"), settings.dags_bucket, settings.dags_prefix)
store = ReleaseStore(settings.file_system_path)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Reconcile once. Raises on any failure: the events return to the queue, and the old release serves on."""
    metrics.add_metric(name="Reconciliations", unit="Count", value=1)
    with store.lock():
        release = release_of(bucket.list_objects(), settings.dags_prefix)
        decision = decide(release, store.served_folder())
        if isinstance(decision, Keep):
            logger.info("kept", extra={"reason": decision.reason})
            return {"action": "kept", "reason": decision.reason}
        now = datetime.now(UTC)
        name = store.publish(decision.release, bucket.fetch, now)
        removed = store.prune(now)
    metrics.add_metric(name="ReleasesPublished", unit="Count", value=1)
    metrics.add_metric(name="ReleaseFiles", unit="Count", value=len(release.files))
    logger.info(
        "published",
        extra={
            "reason": decision.reason,
            "release": name,
            "files": len(release.files),
            "removed_releases": removed,
        },
    )
    return {"action": "published", "reason": decision.reason, "release": name}
