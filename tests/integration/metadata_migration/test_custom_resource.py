"""CloudFormation's requests, before the state machine."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from tests.integration.custom_resources import AnswerServer, Context, load_handler
from tests.integration.metadata_migration.deployments import ENVIRON, EXECUTION, Deployments
from tests.integration.metadata_migration.world import NEW, OLD


def test_request_begins_one_execution_however_often_it_comes(
    deployments: Deployments, answers: AnswerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("stepfunctions")
    monkeypatch.setattr(deployments.handler.clients, "stepfunctions", client)
    begun: list[dict[str, Any]] = []
    monkeypatch.setattr(client, "start_execution", lambda **given: begun.append(given))
    deployments.handler.lambda_handler(deployments.request(NEW, OLD), Context("metadata_migrator"))
    assert begun[0]["name"] == "update-request-1"

    def refuse(**_: Any) -> None:
        raise client.exceptions.ExecutionAlreadyExists({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")

    monkeypatch.setattr(client, "start_execution", refuse)
    deployments.handler.lambda_handler(deployments.request(NEW, OLD), Context("metadata_migrator"))
    assert not answers.received, "the execution answers"


def test_execution_that_cannot_begin_is_answered_at_once(
    deployments: Deployments, answers: AnswerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("stepfunctions")
    monkeypatch.setattr(deployments.handler.clients, "stepfunctions", client)

    def refuse(**_: Any) -> None:
        raise client.exceptions.StateMachineDoesNotExist(
            {"Error": {"Code": "StateMachineDoesNotExist"}}, "StartExecution"
        )

    monkeypatch.setattr(client, "start_execution", refuse)
    deployments.handler.lambda_handler(deployments.request(NEW, OLD), Context("metadata_migrator"))
    assert answers.one()["Status"] == "FAILED"


def test_deletion_undoes_nothing(deployments: Deployments, answers: AnswerServer) -> None:
    request = {**deployments.request(OLD, None), "RequestType": "Delete"}
    deployments.handler.lambda_handler(request, Context("metadata_migrator"))
    assert answers.one()["Status"] == "SUCCESS"
    assert not deployments.world.calls


def test_missing_properties_are_all_named(deployments: Deployments, answers: AnswerServer) -> None:
    request = deployments.request(NEW, OLD)
    request["ResourceProperties"] |= {"Cluster": "", "Subnets": []}
    event = {"step": "take_turn", "execution": EXECUTION.format(1), "request": request}
    with pytest.raises(Exception, match="the custom resource lacks Cluster, Subnets"):
        deployments.handler.lambda_handler(event, Context("metadata_migrator"))


def test_whether_a_task_was_started_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal of a second attempt would not tell what became of the first."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    clients = load_handler(monkeypatch, "metadata_migrator", **ENVIRON).clients
    assert clients.ecs_once.meta.config.retries["total_max_attempts"] == 1
