"""How long Step Functions waits before it retries a task.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
"""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from typing import Any

from tests.integration.local_aws.conftest import LocalAws
from tests.integration.local_aws.test_lambda import role
from tests.waiting import eventually

RETRIER = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 4, "MaxAttempts": 2}


def delays(aws: LocalAws, name: str, retrier: dict[str, Any]) -> list[float]:
    """Of a task that always fails: the seconds between its failures and its retries."""
    definition = {
        "StartAt": "Send",
        "States": {
            "Send": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Parameters": {"QueueUrl": f"{aws.url}/000000000000/nowhere", "MessageBody": "work"},
                "Retry": [retrier],
                "End": True,
            }
        },
    }
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role(aws, name))[
        "stateMachineArn"
    ]
    execution = client.start_execution(stateMachineArn=machine)["executionArn"]
    eventually(
        lambda: client.describe_execution(executionArn=execution)["status"] == "FAILED", 60, "its retries are used up"
    )
    events = client.get_execution_history(executionArn=execution)["events"]
    told: list[tuple[str, datetime]] = [(event["type"], event["timestamp"]) for event in events]
    return [
        (next_at - at).total_seconds()
        for (kind, at), (next_kind, next_at) in itertools.pairwise(told)
        if (kind, next_kind) == ("TaskFailed", "TaskScheduled")
    ]


def test_delay_before_a_retry_grows_to_its_greatest(local_aws: LocalAws) -> None:
    waited = delays(local_aws, "bounded", {**RETRIER, "MaxDelaySeconds": 2})
    assert [round(seconds) for seconds in waited] == [1, 2]


def test_delay_without_a_greatest_grows_on(with_additions: LocalAws, plain: LocalAws) -> None:
    for aws in (with_additions, plain):
        waited = delays(aws, "unbounded", RETRIER)
        assert [round(seconds) for seconds in waited] == [1, 4]
