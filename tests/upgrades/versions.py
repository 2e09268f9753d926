"""The two versions of Airflow that the local stack exchanges, and what AWS tells of an exchange."""

from __future__ import annotations

from typing import Any

from local import aws, deploy, layout
from local.upgrade_history import entered

FORMER = "3.2.2"
NOW = "now"
REVISIONS = {FORMER: "1d6611b6ab7c", NOW: "d2f4e1b3c5a7"}
"""Of Airflow's own tables."""


def image(version: str) -> str:
    return layout.AIRFLOW_IMAGE if version == NOW else layout.former_image(version)


def deploy_version(stack: layout.Stack, version: str, **parameters: str) -> None:
    """Raises `DeployError` when CloudFormation rolled it back."""
    deploy.deploy(stack, **{"AirflowImage": image(version), "WorkerScaling": "off", **parameters})


def states(stack: layout.Stack, execution: dict[str, Any]) -> list[str]:
    """The names of the states that an execution has entered, in order."""
    return [name for _, name, _ in entered(stack, execution)]


def count_died(stack: layout.Stack, execution: dict[str, Any]) -> int:
    """The tries of its steps in which the function's process ended."""
    history = aws.client(stack, "stepfunctions").get_execution_history(
        executionArn=execution["executionArn"], maxResults=1000
    )
    failures = [event["taskFailedEventDetails"] for event in history["events"] if event["type"] == "TaskFailed"]
    return sum(failure["error"].startswith("Runtime.") for failure in failures)


def snapshots(stack: layout.Stack) -> list[str]:
    """Of the metadata database."""
    found = aws.client(stack, "rds").describe_db_snapshots()["DBSnapshots"]
    return [snapshot["DBSnapshotIdentifier"] for snapshot in found]
