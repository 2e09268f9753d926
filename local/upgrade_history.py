"""What the state machine of upgrades has done on the local stack, as Step Functions tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local import aws, layout


def executions(stack: layout.Stack) -> list[dict[str, Any]]:
    """The newest first."""
    stepfunctions = aws.client(stack, "stepfunctions")
    (machine,) = stepfunctions.list_state_machines()["stateMachines"]
    found = stepfunctions.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    return sorted((dict(each) for each in found), key=lambda each: each["startDate"], reverse=True)


def entered(stack: layout.Stack, execution: dict[str, Any]) -> list[tuple[datetime, str, bool]]:
    """When an execution entered which state, and whether that is a task, in order."""
    stepfunctions = aws.client(stack, "stepfunctions")
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
    return [
        (event["timestamp"], event["stateEnteredEventDetails"]["name"], event["type"] == "TaskStateEntered")
        for page in pages
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    ]
