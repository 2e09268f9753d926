"""The two versions of Airflow that the local stack exchanges, and what AWS tells of an exchange."""

from __future__ import annotations

from typing import Any

from local import aws, deploy, layout

FORMER = "3.2.2"
NOW = "now"
REVISIONS = {FORMER: "1d6611b6ab7c", NOW: "d2f4e1b3c5a7"}
"""Of Airflow's own tables."""


def image(version: str) -> str:
    return layout.AIRFLOW_IMAGE if version == NOW else layout.former_image(version)


def deploy_version(stack: layout.Stack, version: str, **parameters: str) -> None:
    """Raises `DeployError` when CloudFormation rolled it back."""
    deploy.deploy(stack, **{"AirflowImage": image(version), "WorkerScaling": "off", **parameters})


def executions(stack: layout.Stack) -> list[dict[str, Any]]:
    """Of the state machine, the newest first."""
    stepfunctions = aws.client(stack, "stepfunctions")
    (machine,) = stepfunctions.list_state_machines()["stateMachines"]
    found = stepfunctions.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    return sorted((dict(each) for each in found), key=lambda each: each["startDate"], reverse=True)


def states(stack: layout.Stack, execution: dict[str, Any]) -> list[str]:
    """The names of the states that an execution has entered, in order."""
    stepfunctions = aws.client(stack, "stepfunctions")
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
    return [
        event["stateEnteredEventDetails"]["name"]
        for page in pages
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]


def snapshots(stack: layout.Stack) -> list[str]:
    """Of the metadata database."""
    found = aws.client(stack, "rds").describe_db_snapshots()["DBSnapshots"]
    return [snapshot["DBSnapshotIdentifier"] for snapshot in found]
