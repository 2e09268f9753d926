"""Runs the migration: one ECS task, started once per request and awaited to its exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from control_plane.custom_resource import ResourceError

from .migration_task import Failed, Running, outcome

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

POLL_SECONDS = 2.0

PERMISSION_TRIES = 12
PERMISSION_WAIT_SECONDS = 5.0
"""The stack grants this function its permission a moment before it asks; IAM may need a while to know.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
"""

STARTED_BY = "metadata_migrator"


class MigrationError(ResourceError):
    """The metadata database was not migrated."""


@dataclass(frozen=True)
class MigrationRequest:
    """Where and as what the migration runs. Lists hold ids."""

    cluster: str
    task_definition: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]

    @classmethod
    def parse(cls, properties: Mapping[str, Any]) -> MigrationRequest:
        """Raises `MigrationError` naming every property that is missing."""
        needed = ("Cluster", "TaskDefinition", "Subnets", "SecurityGroups")
        missing = [name for name in needed if not properties.get(name)]
        if missing:
            raise MigrationError(f"the custom resource lacks {', '.join(missing)}")
        return cls(
            cluster=properties["Cluster"],
            task_definition=properties["TaskDefinition"],
            subnets=tuple(properties["Subnets"]),
            security_groups=tuple(properties["SecurityGroups"]),
        )


def start(ecs: ECSClient, request: MigrationRequest, client_token: str, sleep: Callable[[float], None]) -> str:
    """Start the task and return its ARN; ask again for a minute when permission is refused.

    `client_token` makes it one task however often CloudFormation's request is delivered.
    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
    """
    tries_left = PERMISSION_TRIES
    while True:
        try:
            return _run_task(ecs, request, client_token)
        except ecs.exceptions.ClientError as error:
            tries_left -= 1
            if not _is_refused_permission(error.response["Error"]) or tries_left == 0:
                raise
            sleep(PERMISSION_WAIT_SECONDS)


def _is_refused_permission(error: Mapping[str, Any]) -> bool:
    """RunTask's two ways of saying that a role or a policy is not known yet."""
    return error["Code"] == "AccessDeniedException" or "unable to assume the role" in error["Message"]


def _run_task(ecs: ECSClient, request: MigrationRequest, client_token: str) -> str:
    answer = ecs.run_task(
        cluster=request.cluster,
        taskDefinition=request.task_definition,
        launchType="FARGATE",
        count=1,
        startedBy=STARTED_BY,
        clientToken=client_token,
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": list(request.subnets),
                "securityGroups": list(request.security_groups),
                "assignPublicIp": "DISABLED",
            }
        },
    )
    if not answer["tasks"]:
        reasons = ", ".join(failure.get("reason", "unknown") for failure in answer["failures"])
        raise MigrationError(f"ECS did not start the migration: {reasons or 'it gave no reason'}")
    return answer["tasks"][0]["taskArn"]


def await_end(
    ecs: ECSClient,
    cluster: str,
    task_arn: str,
    seconds_left: Callable[[], float],
    sleep: Callable[[float], None],
) -> None:
    """Return when the task has succeeded.

    Raises `MigrationError` when it ended otherwise, or when `seconds_left` runs out: it then goes on by
    itself, and the next deployment finds what it achieved, for each step commits on its own.
    """
    while seconds_left() > 0:
        tasks = ecs.describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"]
        # A task that ECS does not know of yet is no failure: describe is eventually consistent.
        result = outcome(tasks[0]) if tasks else Running()
        if isinstance(result, Failed):
            raise MigrationError(f"the migration failed: {result.reason}. Its log is in the group of {task_arn}")
        if not isinstance(result, Running):
            return
        sleep(POLL_SECONDS)
    raise MigrationError(f"the migration {task_arn} still runs after the function's time; deploy again once it ended")
