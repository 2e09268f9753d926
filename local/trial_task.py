"""Has the new image try its migration on a copy (`farflow.upgrade_trial`): one ECS task, beside the services of a deployment.

It is the deployment's own migration task in all but three things: its image, its command, and the host of its database.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.deployed import Deployed
from local.errors import LocalStackError
from local.restored_copy import Endpoint

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_logs import CloudWatchLogsClient

CONTAINER = "migration"
COMMAND = ["python", "-m", "farflow.upgrade_trial"]
NEIGHBOUR = "scheduler"
"""The service in whose network the task runs."""
LONGEST_SECONDS = 12 * 3600.0
LOOK_SECONDS = 2.0
LAST_LOOKS = 5
"""At a log that may be some seconds behind a task that has ended."""
COPIED = (
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "volumes",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "runtimePlatform",
)


class TrialTaskError(LocalStackError):
    """ECS did not run it."""


def run(environment: Deployed, image: str, database: Endpoint) -> bool:
    """Print what it says, until it has ended. Whether it went well. Raises `TrialTaskError`."""
    ecs: ECSClient = environment.client("ecs")
    try:
        with _definition(ecs, environment.stack_name, image, database) as (definition, log_group):
            return _run(ecs, environment, definition, log_group)
    except (BotoCoreError, ClientError) as error:
        raise TrialTaskError(f"the trial could not be run: {error}") from error


def _run(ecs: ECSClient, environment: Deployed, definition: str, log_group: str) -> bool:
    cluster = environment.outputs["ClusterName"]
    answer = ecs.run_task(
        cluster=cluster,
        taskDefinition=definition,
        launchType="FARGATE",
        startedBy="upgrade-check",
        networkConfiguration={"awsvpcConfiguration": _network(ecs, cluster)},
    )
    if not answer["tasks"]:
        reasons = ", ".join(failure.get("reason", "unknown") for failure in answer["failures"])
        raise TrialTaskError(f"ECS did not start the trial: {reasons or 'it gave no reason'}")
    task = answer["tasks"][0]["taskArn"]
    try:
        return _follow(ecs, cluster, task, Log(environment.client("logs"), log_group, task))
    except BaseException:
        ecs.stop_task(cluster=cluster, task=task, reason="nobody waits for it")
        raise


def _follow(ecs: ECSClient, cluster: str, task: str, log: Log) -> bool:
    deadline = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < deadline:
        seen = ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
        log.print_new()
        if seen and seen[0]["lastStatus"] == "STOPPED":
            for _ in range(LAST_LOOKS):
                time.sleep(LOOK_SECONDS)
                if log.print_new():
                    break
            code = seen[0]["containers"][0].get("exitCode")
            if code is None:
                raise TrialTaskError(f"the trial did not run: {seen[0].get('stoppedReason', 'ECS gave no reason')}")
            return code == 0
        time.sleep(LOOK_SECONDS)
    raise TrialTaskError(f"the trial has not ended after {LONGEST_SECONDS / 3600:.0f} hours")


def _network(ecs: ECSClient, cluster: str) -> Any:
    services = ecs.describe_services(cluster=cluster, services=[NEIGHBOUR])["services"]
    if not services:
        raise TrialTaskError(f"the cluster {cluster} has no service {NEIGHBOUR}: is it Farflow's?")
    return services[0]["networkConfiguration"]["awsvpcConfiguration"]


@contextmanager
def _definition(ecs: ECSClient, stack_name: str, image: str, database: Endpoint) -> Iterator[tuple[str, str]]:
    """The task definition, gone with this context, and its log group."""
    original: dict[str, Any] = dict(
        ecs.describe_task_definition(taskDefinition=f"{stack_name}-migration")["taskDefinition"]
    )
    container = trial_container(original["containerDefinitions"][0], image, database)
    copied = {name: original[name] for name in COPIED if name in original}
    registered = ecs.register_task_definition(
        family=f"{stack_name}-upgrade-check", containerDefinitions=[container], **copied
    )["taskDefinition"]["taskDefinitionArn"]
    try:
        yield registered, container["logConfiguration"]["options"]["awslogs-group"]
    finally:
        ecs.deregister_task_definition(taskDefinition=registered)


def trial_container(original: dict[str, Any], image: str, database: Endpoint) -> Any:
    """The migration's, on another database: of its secrets, none may say where that is."""
    elsewhere = {"DATABASE_HOST": database.address, "DATABASE_PORT": str(database.port)}
    variables = [each for each in original["environment"] if each["name"] not in elsewhere]
    return {
        **original,
        "image": image,
        "command": COMMAND,
        "secrets": [each for each in original["secrets"] if each["name"] not in elsewhere],
        "environment": [*variables, *({"name": name, "value": value} for name, value in elsewhere.items())],
    }


class Log:
    """Of a task's container."""

    def __init__(self, logs: CloudWatchLogsClient, group: str, task: str) -> None:
        self._logs = logs
        self._group = group
        self._stream = f"airflow/{CONTAINER}/{task.rpartition('/')[2]}"
        self._token = ""

    def print_new(self) -> int:
        """How many lines came since the last time."""
        count = 0
        while True:
            more: dict[str, Any] = {"nextToken": self._token} if self._token else {"startFromHead": True}
            try:
                answer = self._logs.get_log_events(logGroupName=self._group, logStreamName=self._stream, **more)
            except self._logs.exceptions.ResourceNotFoundException:
                return count
            for event in answer["events"]:
                print(event["message"].rstrip(), flush=True)
            count += len(answer["events"])
            if answer["nextForwardToken"] == self._token:
                return count
            self._token = answer["nextForwardToken"]
