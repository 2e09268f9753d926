"""Tells `dag_sync` which releases unfinished DAG runs name, so that it removes none of them.

The word goes by way of the DAG bucket: no function of the control plane needs a way into the metadata database for it.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

KEY = "IN_USE.json"
INTERVAL_SECONDS = 60.0

log = logging.getLogger(__name__)
_last_told = float("-inf")


def tell(bundles: Iterable[Any], now_seconds: float) -> None:
    """Once in `INTERVAL_SECONDS`. A failure is logged: without a fresh word nothing is removed."""
    global _last_told  # noqa: PLW0603 - one DAG processor per process
    bucket = os.environ.get("FARFLOW_DAGS_BUCKET")
    if not bucket or now_seconds - _last_told < INTERVAL_SECONDS:
        return
    _last_told = now_seconds
    try:
        _put(bucket, {"observed_at": datetime.now(UTC).isoformat(), "releases": named([b.name for b in bundles])})
    except Exception:
        log.exception("the releases in use could not be told")


def named(bundle_names: list[str]) -> list[str]:
    """The versions of the bundles that Airflow may still ask for.

    Those that unfinished runs began with; those of their task instances' DAG versions, by which Airflow runs callbacks
    (`airflow/jobs/scheduler_job_runner.py`); and those that the next runs of DAGs will have.
    """
    from airflow.models.dag import DagModel  # noqa: PLC0415 - models are configured by then
    from airflow.models.dag_version import DagVersion  # noqa: PLC0415
    from airflow.models.dagrun import DagRun  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415
    from airflow.utils.state import DagRunState  # noqa: PLC0415
    from sqlalchemy import select, union  # noqa: PLC0415

    unfinished = DagRun.state.in_([DagRunState.QUEUED, DagRunState.RUNNING])
    runs = (
        select(DagRun.bundle_version)
        .join(DagModel, DagModel.dag_id == DagRun.dag_id)
        .where(unfinished, DagModel.bundle_name.in_(bundle_names))
    )
    callbacks = (
        select(DagVersion.bundle_version)
        .join(TaskInstance, TaskInstance.dag_version_id == DagVersion.id)
        .join(DagRun, (DagRun.dag_id == TaskInstance.dag_id) & (DagRun.run_id == TaskInstance.run_id))
        .where(unfinished, DagVersion.bundle_name.in_(bundle_names))
    )
    next_runs = select(DagModel.bundle_version).where(~DagModel.is_stale, DagModel.bundle_name.in_(bundle_names))
    with create_session() as session:
        found = session.scalars(union(runs, callbacks, next_runs))
        return sorted(version for version in found if version is not None)


def _put(bucket: str, word: dict[str, Any]) -> None:
    import boto3  # noqa: PLC0415 - half a second, at the first word only
    from botocore.config import Config  # noqa: PLC0415

    s3 = boto3.client("s3", config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2}))
    s3.put_object(Bucket=bucket, Key=KEY, Body=json.dumps(word).encode(), ContentType="application/json")
