"""What a worker group does over time: the queue, the tasks that run, the workers that are needed, asked for and there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local import aws, layout
from local.airflow_api import AirflowApi, AirflowApiError

PAUSE_SECONDS = 1.0
SERVICE = "worker-default"


@dataclass(frozen=True)
class Sample:
    """One look; `at` in seconds since the recording began."""

    at: float
    queued: int
    """Task instances that are scheduled or queued."""
    running: int
    """Task instances that run."""
    desired: int
    workers: int
    """ECS tasks that run."""


@dataclass
class Recording:
    """The samples, and the workers needed as `workload_metrics` told them, both over the same seconds."""

    samples: list[Sample] = field(default_factory=list)
    needed: list[tuple[float, float]] = field(default_factory=list)


@contextmanager
def recording(stack: layout.Stack, api: AirflowApi) -> Iterator[Recording]:
    """Record until the block ends."""
    found, ended = Recording(), threading.Event()
    began = time.time()
    ecs, cluster = aws.client(stack, "ecs"), aws.outputs(stack)["ClusterName"]

    def run() -> None:
        while not ended.wait(PAUSE_SECONDS):
            (service,) = ecs.describe_services(cluster=cluster, services=[SERVICE])["services"]
            try:
                queued, running = _count(api, "queued", "scheduled"), _count(api, "running")
            except AirflowApiError:
                continue
            now = time.time() - began
            found.samples.append(Sample(now, queued, running, service["desiredCount"], service["runningCount"]))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
        found.needed = list(_needed(stack, began))


def _count(api: AirflowApi, *states: str) -> int:
    return sum(
        int(api.get("dags/~/dagRuns/~/taskInstances", state=state, limit=1)["total_entries"]) for state in states
    )


def _needed(stack: layout.Stack, began: float) -> Iterator[tuple[float, float]]:
    query: Any = {
        "Id": "needed",
        "MetricStat": {
            "Metric": {
                "Namespace": f"Farflow/{layout.STACK_NAME}",
                "MetricName": "WorkersNeeded",
                "Dimensions": [{"Name": "worker_group", "Value": "default"}],
            },
            "Period": 10,
            "Stat": "Maximum",
        },
    }
    (result,) = aws.client(stack, "cloudwatch").get_metric_data(
        MetricDataQueries=[query],
        StartTime=datetime.fromtimestamp(began, UTC),
        EndTime=datetime.now(UTC),
        ScanBy="TimestampAscending",
    )["MetricDataResults"]
    for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
        yield moment.timestamp() - began, value
