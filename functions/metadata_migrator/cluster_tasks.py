"""The ECS tasks of Airflow's cluster that have not stopped. Errors are botocore's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import TaskTypeDef

TASKS_PER_CALL = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
STATES: Sequence[Literal["RUNNING", "STOPPED"]] = ("RUNNING", "STOPPED")


def alive(ecs: ECSClient, cluster: str) -> Iterator[TaskTypeDef]:
    """ECS lists one that is being stopped among the stopped ones, for an hour."""
    for state in STATES:
        pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=state)
        arns = [arn for page in pages for arn in page["taskArns"]]
        for start in range(0, len(arns), TASKS_PER_CALL):
            some = arns[start : start + TASKS_PER_CALL]
            for task in ecs.describe_tasks(cluster=cluster, tasks=some)["tasks"]:
                if task["lastStatus"] != "STOPPED":
                    yield task
