"""Airflow's ECS services: how many tasks each has, and how many it should have. Errors are botocore's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import cluster_tasks

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

SCHEDULER = "scheduler"
WORKERS = "worker-"
SERVICES_PER_CALL = 10
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html"""


@dataclass(frozen=True)
class Service:
    """One of them."""

    desired: int
    alive: int
    """Tasks that have not stopped: one that is being stopped has its database connections for up to two minutes."""

    @property
    def is_stopped(self) -> bool:
        """Nobody works, and nobody is about to."""
        return self.desired == 0 and self.alive == 0


def look(ecs: ECSClient, cluster: str) -> dict[str, Service]:
    """All of the cluster by name; none before the first deployment."""
    pages = ecs.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    alive = _alive(ecs, cluster)
    return {
        service["serviceName"]: Service(service["desiredCount"], alive[service["serviceName"]])
        for start in range(0, len(arns), SERVICES_PER_CALL)
        for service in ecs.describe_services(cluster=cluster, services=arns[start : start + SERVICES_PER_CALL])[
            "services"
        ]
        if service["status"] == "ACTIVE"
    }


def counts(services: Mapping[str, Service]) -> dict[str, int]:
    """How many tasks each should have."""
    return {name: service.desired for name, service in services.items()}


def of_workers(counts: Mapping[str, int]) -> dict[str, int]:
    """Those of the worker services."""
    return {name: count for name, count in counts.items() if name.startswith(WORKERS)}


def set_counts(ecs: ECSClient, cluster: str, services: Mapping[str, Service], wanted: Mapping[str, int]) -> None:
    """Those of `wanted` that are there and should have another number of tasks than they have."""
    for name, count in wanted.items():
        if name in services and services[name].desired != count:
            ecs.update_service(cluster=cluster, service=name, desiredCount=count)


def _alive(ecs: ECSClient, cluster: str) -> Counter[str]:
    """By service."""
    alive: Counter[str] = Counter()
    for task in cluster_tasks.alive(ecs, cluster):
        kind, _, name = task.get("group", "").partition(":")
        if kind == "service":
            alive[name] += 1
    return alive
