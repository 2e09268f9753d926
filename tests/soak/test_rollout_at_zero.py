"""A new revision where no worker is needed: tried on one all the same, which leaves again."""

from __future__ import annotations

from typing import Any

import pytest

from local import aws, layout
from tests import unforeseen_work
from tests.soak import revisions
from tests.waiting import eventually

COMES_SECONDS = 180.0
GOES_SECONDS = 400.0


class Service:
    """The workers' service, as ECS tells of it."""

    def __init__(self, stack: layout.Stack, cluster: str) -> None:
        self._ecs = aws.client(stack, "ecs")
        self._cluster = cluster

    @property
    def task_definition(self) -> str:
        return str(self._described()["taskDefinition"])

    @property
    def is_empty(self) -> bool:
        found = self._described()
        return found["desiredCount"] == found["runningCount"] == found["pendingCount"] == 0

    def _described(self) -> dict[str, Any]:
        return dict(self._ecs.describe_services(cluster=self._cluster, services=[revisions.SERVICE])["services"][0])

    def has_failed(self, revision: str) -> bool:
        """Whether a deployment of it failed."""
        return any(
            each["taskDefinition"] == revision and each.get("rolloutState") == "FAILED"
            for each in self._described()["deployments"]
        )

    def runs(self, revision: str) -> bool:
        """Whether a task of it runs, or is about to."""
        arns = self._ecs.list_tasks(cluster=self._cluster, serviceName=revisions.SERVICE)["taskArns"]
        tasks = self._ecs.describe_tasks(cluster=self._cluster, tasks=arns)["tasks"] if arns else []
        return any(task["taskDefinitionArn"] == revision for task in tasks)


@pytest.fixture
def service(stack: layout.Stack, cluster: str) -> Service:
    found = Service(stack, cluster)
    unforeseen_work.forget(stack)
    eventually(lambda: found.is_empty, GOES_SECONDS, "no worker is there", pause_seconds=2)
    return found


def test_good_revision_is_tried_and_its_worker_leaves(stack: layout.Stack, cluster: str, service: Service) -> None:
    new = revisions.register(stack, cluster)
    eventually(lambda: service.runs(new), COMES_SECONDS, "a worker of the new revision")
    eventually(lambda: service.is_empty, GOES_SECONDS, "it has left", pause_seconds=2)
    assert service.task_definition == new


def test_broken_revision_is_taken_back_before_work_comes(stack: layout.Stack, cluster: str, service: Service) -> None:
    good = service.task_definition
    broken = revisions.register(stack, cluster, entryPoint=["false"], command=[])
    eventually(lambda: service.has_failed(broken), COMES_SECONDS + 120, "ECS has tried it, and taken it back")
    assert service.task_definition == good
    cloudwatch = aws.client(stack, "cloudwatch")

    def has_told() -> bool:
        alarms = cloudwatch.describe_alarms()["MetricAlarms"]
        return any("RolloutTakenBack" in each["AlarmName"] and each["StateValue"] == "ALARM" for each in alarms)

    eventually(has_told, 600, "the operators are told")
    eventually(lambda: service.is_empty, GOES_SECONDS, "nobody is left", pause_seconds=2)
    repaired = revisions.register(stack, cluster)
    eventually(lambda: service.runs(repaired), COMES_SECONDS, "the next revision is tried")
    eventually(lambda: service.task_definition == repaired and service.is_empty, GOES_SECONDS, "and stays")
