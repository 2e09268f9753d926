"""A service's tasks take as long to start as the local AWS is told that they do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from local import layout
from tests.integration.local_aws.conftest import LocalAws
from tests.waiting import eventually

SECONDS = 3.0


@pytest.fixture
def slow(with_additions: LocalAws) -> Iterator[LocalAws]:
    file = with_additions.folder / layout.COLD_STARTS.name
    file.write_text(json.dumps({"slow": SECONDS}))
    yield with_additions
    file.unlink()


def started(aws: LocalAws, service: str) -> float:
    """Seconds from the creation of a new service's task until it runs."""
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName="cold")
    definition = ecs.register_task_definition(
        family=service,
        containerDefinitions=[{"name": "main", "image": layout.AIRFLOW_IMAGE, "command": ["sleep", "60"]}],
    )["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster="cold", serviceName=service, taskDefinition=definition, desiredCount=1)

    def status() -> str:
        arns = ecs.list_tasks(cluster="cold", serviceName=service)["taskArns"]
        return str(ecs.describe_tasks(cluster="cold", tasks=arns)["tasks"][0]["lastStatus"]) if arns else ""

    eventually(status, 20, "a task", pause_seconds=0.05)
    began = time.monotonic()
    eventually(lambda: status() == "RUNNING", 20, "it runs", pause_seconds=0.05, context=lambda: aws.log[-2000:])
    ecs.update_service(cluster="cold", service=service, desiredCount=0)
    return time.monotonic() - began


def test_task_of_a_named_service_is_pending_for_as_long_as_the_file_says(slow: LocalAws) -> None:
    assert started(slow, "slow") > SECONDS - 0.5


def test_task_of_another_service_starts_at_once(slow: LocalAws) -> None:
    assert started(slow, "quick") < SECONDS - 0.5
