"""`metadata_migrator`'s real handler; ECS by botocore's stubber, which checks every parameter against the service model."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

from tests.integration.custom_resources import AnswerServer, Context, answer_server, load_handler

TASK = "arn:aws:ecs:us-east-1:123456789012:task/farflow/0123456789abcdef0123456789abcdef"
TASK_DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/farflow-migration:1"
PROPERTIES = {
    "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:migrator",
    "Cluster": "farflow",
    "TaskDefinition": TASK_DEFINITION,
    "Subnets": ["subnet-1", "subnet-2"],
    "SecurityGroups": ["sg-1"],
}
RUN_TASK = {
    "cluster": "farflow",
    "taskDefinition": TASK_DEFINITION,
    "launchType": "FARGATE",
    "count": 1,
    "startedBy": "metadata_migrator",
    "clientToken": "request-1",
    "networkConfiguration": {
        "awsvpcConfiguration": {
            "subnets": ["subnet-1", "subnet-2"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "DISABLED",
        }
    },
}
DESCRIBE = {"cluster": "farflow", "tasks": [TASK]}


@pytest.fixture
def answers() -> Iterator[AnswerServer]:
    with answer_server() as answers:
        yield answers


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load_handler(monkeypatch, "metadata_migrator")


@pytest.fixture
def ecs(handler: ModuleType) -> Iterator[Stubber]:
    with Stubber(handler.ecs) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def request(answers: AnswerServer, kind: str, **properties: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "RequestId": "request-1",
        "ResponseURL": answers.url,
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/farflow/1",
        "LogicalResourceId": "MetadataMigration",
        "ResourceType": "Custom::MetadataMigration",
        "ResourceProperties": {**PROPERTIES, **properties},
    }


def a_task(status: str, exit_code: int | None = None) -> dict[str, Any]:
    container = {} if exit_code is None else {"exitCode": exit_code}
    return {"tasks": [{"taskArn": TASK, "lastStatus": status, "containers": [container]}], "failures": []}


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_migration_is_one_task_awaited_to_its_end(
    handler: ModuleType, ecs: Stubber, answers: AnswerServer, kind: str
) -> None:
    ecs.add_response("run_task", a_task("PROVISIONING"), RUN_TASK)
    ecs.add_response("describe_tasks", {"tasks": [], "failures": [{"arn": TASK, "reason": "MISSING"}]}, DESCRIBE)
    ecs.add_response("describe_tasks", a_task("RUNNING"), DESCRIBE)
    ecs.add_response("describe_tasks", a_task("STOPPED", 0), DESCRIBE)
    handler.lambda_handler(request(answers, kind), Context("migrator"))
    answer = answers.one()
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "metadata-migration")


def test_delete_runs_nothing(handler: ModuleType, ecs: Stubber, answers: AnswerServer) -> None:
    handler.lambda_handler(
        {**request(answers, "Delete"), "PhysicalResourceId": "metadata-migration"}, Context("migrator")
    )
    assert answers.one()["Status"] == "SUCCESS"


def test_failed_migration_fails_the_stack(handler: ModuleType, ecs: Stubber, answers: AnswerServer) -> None:
    ecs.add_response("run_task", a_task("PROVISIONING"), RUN_TASK)
    ecs.add_response("describe_tasks", a_task("STOPPED", 1), DESCRIBE)
    handler.lambda_handler(request(answers, "Create"), Context("migrator"))
    assert answers.one()["Status"] == "FAILED"
    assert "exited with 1" in answers.one()["Reason"]


def test_task_that_ecs_does_not_start_fails_the_stack(handler: ModuleType, ecs: Stubber, answers: AnswerServer) -> None:
    ecs.add_response("run_task", {"tasks": [], "failures": [{"reason": "RESOURCE:ENI"}]}, RUN_TASK)
    handler.lambda_handler(request(answers, "Create"), Context("migrator"))
    assert answers.one()["Reason"] == "ECS did not start the migration: RESOURCE:ENI"


def test_permission_that_is_late_is_awaited(handler: ModuleType, ecs: Stubber, answers: AnswerServer) -> None:
    """IAM is eventually consistent, and the policy and the roles are as young as the request."""
    ecs.add_client_error("run_task", "AccessDeniedException", "not authorized", expected_params=RUN_TASK)
    ecs.add_client_error("run_task", "ClientException", "ECS was unable to assume the role", expected_params=RUN_TASK)
    ecs.add_response("run_task", a_task("PROVISIONING"), RUN_TASK)
    ecs.add_response("describe_tasks", a_task("STOPPED", 0), DESCRIBE)
    handler.lambda_handler(request(answers, "Create"), Context("migrator"))
    assert answers.one()["Status"] == "SUCCESS"


def test_permission_that_never_comes_fails_the_stack(handler: ModuleType, ecs: Stubber, answers: AnswerServer) -> None:
    for _ in range(12):
        ecs.add_client_error("run_task", "AccessDeniedException", "not authorized", expected_params=RUN_TASK)
    handler.lambda_handler(request(answers, "Create"), Context("migrator"))
    assert answers.one()["Status"] == "FAILED"
    assert "AccessDeniedException" in answers.one()["Reason"]


def test_other_refusal_fails_the_stack_at_once(handler: ModuleType, ecs: Stubber, answers: AnswerServer) -> None:
    ecs.add_client_error("run_task", "ClusterNotFoundException", "no cluster", expected_params=RUN_TASK)
    handler.lambda_handler(request(answers, "Create"), Context("migrator"))
    assert answers.one()["Status"] == "FAILED"


def test_end_of_the_function_s_time_is_answered(handler: ModuleType, ecs: Stubber, answers: AnswerServer) -> None:
    """Else the stack would wait for an hour."""
    ecs.add_response("run_task", a_task("PROVISIONING"), RUN_TASK)
    ecs.add_response("describe_tasks", a_task("RUNNING"), DESCRIBE)
    handler.lambda_handler(request(answers, "Create"), Context("migrator", looks=1))
    assert answers.one()["Status"] == "FAILED"
    assert "still runs" in answers.one()["Reason"]


def test_missing_properties_are_all_named(handler: ModuleType, ecs: Stubber, answers: AnswerServer) -> None:
    handler.lambda_handler(request(answers, "Create", Cluster="", Subnets=[]), Context("migrator"))
    assert answers.one()["Reason"] == "the custom resource lacks Cluster, Subnets"
