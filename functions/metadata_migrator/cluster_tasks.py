"""The ECS tasks of Airflow's cluster. Errors are botocore's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import TaskTypeDef

TASKS_PER_CALL = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
STATES: Sequence[Literal["RUNNING", "STOPPED"]] = ("RUNNING", "STOPPED")


REMEMBERED_SECONDS = 3600.0
"""So long ECS knows of a task that has stopped, at least.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
UNSEEN_SECONDS = 300.0
"""So long it may take until ECS tells of one that it has started.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html"""


def alive(ecs: ECSClient, cluster: str) -> Iterator[TaskTypeDef]:
    """Those that have not stopped: ECS lists one that is being stopped among the stopped ones. Raises `NotDescribedError`."""
    return (task for task in known(ecs, cluster) if task["lastStatus"] != "STOPPED")


class NotDescribedError(Exception):
    """ECS lists a task that it cannot describe: it is about to know it, or to forget it. Trying again helps."""


def known(ecs: ECSClient, cluster: str) -> Iterator[TaskTypeDef]:
    """Also those that have stopped lately. Raises `NotDescribedError`: whoever is listed may work."""
    for state in STATES:
        pages = ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=state)
        arns = [arn for page in pages for arn in page["taskArns"]]
        for start in range(0, len(arns), TASKS_PER_CALL):
            some = arns[start : start + TASKS_PER_CALL]
            answer = ecs.describe_tasks(cluster=cluster, tasks=some)
            if missing := [failure.get("arn", "") for failure in answer.get("failures", [])]:
                raise NotDescribedError(", ".join(missing))
            yield from answer["tasks"]
