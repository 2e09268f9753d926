"""Step Functions: tasks that fail, and state machines whose time is up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from local import layout
from tests.integration.local_aws.conftest import LocalAws
from tests.integration.local_aws.test_lambda import role

Eventually = Callable[..., Any]
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture
def run(local_aws: LocalAws, eventually: Eventually, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Runs a state machine to its end within `seconds`, and gives its description."""

    def run_machine(definition: dict[str, Any], seconds: float) -> dict[str, Any]:
        states = local_aws.client("stepfunctions")
        name = request.node.originalname[:60]
        machine = states.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=role(local_aws, name, EVERYTHING)
        )["stateMachineArn"]
        execution = states.start_execution(stateMachineArn=machine)["executionArn"]

        def ended() -> dict[str, Any]:
            found = states.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else {}

        return dict(eventually(ended, seconds, "the execution's end"))

    return run_machine


def task(aws: LocalAws, name: str, script: str, sidecar: str = "") -> dict[str, Any]:
    """A state machine of one ECS task, whose container runs `script`; a container beside it is not essential."""
    ecs = aws.client("ecs")
    ecs.create_cluster(clusterName=name)
    containers = [{"name": "main", "image": layout.AIRFLOW_IMAGE, "command": ["python", "-c", script]}]
    if sidecar:
        containers.append(
            {**containers[0], "name": "sidecar", "command": ["python", "-c", sidecar], "essential": False}
        )  # type: ignore[dict-item]
    definition = ecs.register_task_definition(
        family=name,
        cpu="256",
        memory="512",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        executionRoleArn=role(aws, f"{name}-execution", EVERYTHING),
        containerDefinitions=containers,
    )["taskDefinition"]["taskDefinitionArn"]
    parameters = {
        "LaunchType": "FARGATE",
        "Cluster": name,
        "TaskDefinition": definition,
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}},
    }
    state = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters, "End": True}
    return {"StartAt": "Run", "States": {"Run": state}}


def test_failing_container_fails_the_execution_with_its_description(local_aws: LocalAws, run: Any) -> None:
    ended = run(task(local_aws, "failing", "raise SystemExit(3)"), 10)
    assert ended["status"] == "FAILED"
    assert ended["error"] == "States.TaskFailed"
    description = json.loads(ended["cause"])
    assert [container["ExitCode"] for container in description["Containers"]] == [3]


def test_good_task_s_description_is_the_result(local_aws: LocalAws, run: Any) -> None:
    """A container that is not essential may fail."""
    definition = task(local_aws, "good", "import time; time.sleep(1)", "raise SystemExit(4)")
    ended = run(definition, 10)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    output = json.loads(ended["output"])
    assert output["LastStatus"] == "STOPPED"
    assert {each["Name"]: each["ExitCode"] for each in output["Containers"]}["main"] == 0


def test_execution_ends_when_its_time_is_up(run: Any) -> None:
    ended = run(
        {"StartAt": "Wait", "TimeoutSeconds": 1, "States": {"Wait": {"Type": "Wait", "Seconds": 5, "End": True}}}, 3
    )
    assert ended["status"] == "TIMED_OUT"


def test_task_of_an_execution_that_ran_out_of_time_is_stopped(
    local_aws: LocalAws, run: Any, eventually: Eventually
) -> None:
    definition = {**task(local_aws, "endless", "import time; time.sleep(60)"), "TimeoutSeconds": 2}
    ended = run(definition, 4)
    assert ended["status"] == "TIMED_OUT"
    ecs = local_aws.client("ecs")
    eventually(lambda: ecs.list_tasks(cluster="endless", desiredStatus="STOPPED")["taskArns"], 8, "the task stopped")
    time.sleep(0.3)
    history = local_aws.client("stepfunctions").get_execution_history(executionArn=ended["executionArn"])["events"]
    assert history[-1]["type"] == "ExecutionTimedOut"
