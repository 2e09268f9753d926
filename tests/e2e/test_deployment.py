"""A second `sam deploy`: CloudFormation rolls the services, the scaler rolls the workers, and no task is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local import aws, deploy, layout, services
from local.upgrade_history import executions
from tests.e2e.workers import SERVICE, Workers
from tests.upgrades.versions import snapshots, states
from tests.waiting import eventually

CHANGES = {"WorkerConcurrency": "3", "WorkerScaling": "balanced", "WorkerMinimum": "1"}


@pytest.fixture(scope="module", autouse=True)
def _scaling_off_again(stack: layout.Stack) -> Iterator[None]:
    yield
    deploy.deploy(stack, **CHANGES | {"WorkerScaling": "off"})


def migrations() -> int:
    return len(list(layout.CONTAINERS.glob("*-migration")))


def function(stack: layout.Stack, name: str) -> str:
    """The name of the function whose name holds `name`."""
    functions = aws.client(stack, "lambda").list_functions()["Functions"]
    (found,) = [each["FunctionName"] for each in functions if name in each["FunctionName"]]
    return str(found)


def look_and_scale(stack: layout.Stack) -> None:
    """At once what happens each minute anyway."""
    for name in ("WorkloadMetrics", "WorkerScaler"):
        answer = aws.client(stack, "lambda").invoke(FunctionName=function(stack, name), Payload=json.dumps({}))
        assert "FunctionError" not in answer, answer["Payload"].read()


def test_changed_setting_rolls_the_services_and_the_scaler_rolls_the_workers(
    stack: layout.Stack, cluster: str, workers: Workers
) -> None:
    """The database is as the same image left it, which needs no look: the custom resource answers in seconds, and nothing is paused."""
    before = {service.name: {task.id for task in service.tasks} for service in services.observe(stack, cluster)}
    (worker,) = before[SERVICE]
    ran, kept, count = migrations(), snapshots(stack), len(executions(stack))
    deploy.deploy(stack, **CHANGES)
    assert migrations() == ran
    assert snapshots(stack) == kept
    newest, *others = executions(stack)
    assert len(others) == count
    assert states(stack, newest)[-3:] == ["IsCompared", "Answer", "Succeeded"]
    assert (newest["stopDate"] - newest["startDate"]).total_seconds() < 10
    assert worker in workers.ids(), "CloudFormation leaves the workers alone"

    def is_rolled_out() -> bool:
        look_and_scale(stack)
        observed = services.observe(stack, cluster)
        return all(each.steady and not {task.id for task in each.tasks} & before[each.name] for each in observed)

    eventually(is_rolled_out, 180, "every service runs new tasks only", pause_seconds=2)
    assert len(workers.ids()) == 1
    assert workers.item(worker)["phase"] == "leaving"


def test_unchanged_template_changes_nothing(stack: layout.Stack, cluster: str) -> None:
    before = services.observe(stack, cluster)
    ran = migrations()
    deploy.deploy(stack, **CHANGES)
    assert services.observe(stack, cluster) == before
    assert migrations() == ran
