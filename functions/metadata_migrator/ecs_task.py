"""Runs the image's own part of a migration (`farflow.migration`): one ECS task, started once however often it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from control_plane.custom_resource import ResourceError

from . import cluster_tasks
from .task_outcome import Outcome, Running, outcome

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

STARTED_BY = "metadata_migrator"
CONTAINER = "migration"


class NotStartedError(Exception):
    """ECS named no task that it started, for a reason that may pass."""

    def __init__(self, reason: object, *, is_refused: bool) -> None:
        """`is_refused`: there is surely none. Otherwise a request without an answer may have started one."""
        super().__init__(f"ECS did not start the migration: {reason}")
        self.is_refused = is_refused


@dataclass(frozen=True)
class Place:
    """Where tasks run. Lists hold ids."""

    cluster: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]

    @classmethod
    def parse(cls, properties: Mapping[str, Any]) -> Place:
        """Raises `ResourceError` naming every property that is missing."""
        needed = ("Cluster", "TaskDefinition", "Image", "Subnets", "SecurityGroups")
        missing = [name for name in needed if not properties.get(name)]
        if missing:
            raise ResourceError(f"the custom resource lacks {', '.join(missing)}")
        return cls(properties["Cluster"], tuple(properties["Subnets"]), tuple(properties["SecurityGroups"]))


def start(
    ecs: ECSClient,
    place: Place,
    task_definition: str,
    command: Sequence[str],
    variables: Mapping[str, str],
    client_token: str,
) -> str:
    """Return the task's ARN: the same for the same `client_token`, until an hour after it has ended.

    Raises `NotStartedError`.
    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html
    """
    try:
        answer = ecs.run_task(
            cluster=place.cluster,
            taskDefinition=task_definition,
            launchType="FARGATE",
            count=1,
            startedBy=_started_by(client_token),
            clientToken=client_token,
            overrides={
                "containerOverrides": [
                    {
                        "name": CONTAINER,
                        "command": ["python", "-m", "farflow.migration", *command],
                        "environment": [{"name": name, "value": value} for name, value in variables.items()],
                    }
                ]
            },
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": list(place.subnets),
                    "securityGroups": list(place.security_groups),
                    "assignPublicIp": "DISABLED",
                }
            },
        )
    except (BotoCoreError, ClientError) as error:
        raise NotStartedError(error, is_refused=_is_refused(error)) from error
    if not answer["tasks"]:
        reasons = ", ".join(failure.get("reason", "unknown") for failure in answer["failures"])
        raise NotStartedError(reasons or "it gave no reason", is_refused=True)
    return answer["tasks"][0]["taskArn"]


def _is_refused(error: Exception) -> bool:
    """By the first answer. Whether an attempt before had been heard, a refusal of the next one does not tell."""
    if not isinstance(error, ClientError):
        return False
    answer = error.response["ResponseMetadata"]
    return answer["HTTPStatusCode"] < HTTPStatus.INTERNAL_SERVER_ERROR and not answer["RetryAttempts"]


def look(ecs: ECSClient, cluster: str, task_arn: str) -> Outcome:
    """What has become of the task. One that ECS does not know of yet runs: describe is eventually consistent."""
    tasks = ecs.describe_tasks(cluster=cluster, tasks=[task_arn])["tasks"]
    return outcome(tasks[0]) if tasks else Running()


def begun_here(ecs: ECSClient, cluster: str) -> list[str]:
    """The ARNs of those of any execution that have not stopped."""
    return [
        task["taskArn"]
        for task in cluster_tasks.alive(ecs, cluster)
        if task.get("startedBy", "").startswith(f"{STARTED_BY}/")
    ]


def is_known(ecs: ECSClient, cluster: str, client_token: str) -> bool:
    """Whether ECS has started one for that token, as far as it remembers."""
    return any(task.get("startedBy") == _started_by(client_token) for task in cluster_tasks.known(ecs, cluster))


def _started_by(client_token: str) -> str:
    return f"{STARTED_BY}/{client_token}"
