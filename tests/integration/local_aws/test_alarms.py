"""The template's own alarms, deployed as they stand in it, and tried until they fire."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract import templates
from tests.integration.local_aws.conftest import MINUTE_SECONDS, LocalAws
from tests.integration.local_aws.test_cloudformation import deploy
from tests.integration.local_aws.test_cloudwatch import (
    SECONDS,
    let_topics_send,
    make_queue,
    make_recorder,
    received,
    recorded,
    state,
)

RESOURCES = (
    "Key",
    "WorkDeadLetterQueue",
    "DagEventsDeadLetterQueue",
    "AlarmsTopic",
    "AlarmsTopicPolicy",
    "WorkDeadLetterAlarm",
    "DagEventsDeadLetterAlarm",
)


@pytest.fixture
def deployed(local_aws: LocalAws, request: pytest.FixtureRequest) -> dict[str, str]:
    """The names of the template's alarms, URLs of its dead-letter queues and the ARN of its topic."""
    made = templates.stack("data")["Resources"] | templates.stack("work_queue")["Resources"]
    resources = {name: made[name] for name in RESOURCES}
    outputs = {name: {"Ref": name} for name in RESOURCES if name != "AlarmsTopicPolicy"}
    name = request.node.originalname.replace("_", "-")[:60]
    text = json.dumps(resources).replace("${Name}", "test").replace("${WorkerGroup}", "default")
    text = text.replace('{"Ref": "AlarmsTopicArn"}', '{"Ref": "AlarmsTopic"}')  # a parameter of the queue's own stack
    return deploy(local_aws, name, json.loads(text), outputs)


def test_message_in_a_dead_letter_queue_alarms_until_it_is_gone(
    local_aws: LocalAws, eventually: Callable[..., Any], deployed: dict[str, str]
) -> None:
    """Only the alarm of that queue; the topic's queue and function hear of both changes."""
    sns, sqs = local_aws.client("sns"), local_aws.client("sqs")
    url, arn = make_queue(local_aws, "subscriber")
    let_topics_send(local_aws, url, arn)
    function = make_recorder(local_aws, "subscriber")
    topic = deployed["AlarmsTopic"]
    local_aws.client("lambda").add_permission(
        FunctionName="subscriber",
        StatementId="topic",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic,
    )
    for alarm in ("WorkDeadLetterAlarm", "DagEventsDeadLetterAlarm"):
        eventually(lambda alarm=alarm: state(local_aws, deployed[alarm]) == "OK", SECONDS, f"{alarm} is OK")
    for protocol, endpoint in (("sqs", arn), ("lambda", function)):
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=endpoint)

    sqs.send_message(QueueUrl=deployed["DagEventsDeadLetterQueue"], MessageBody="lost")
    eventually(lambda: state(local_aws, deployed["DagEventsDeadLetterAlarm"]) == "ALARM", SECONDS, "it alarms")
    assert state(local_aws, deployed["WorkDeadLetterAlarm"]) == "OK"
    sqs.purge_queue(QueueUrl=deployed["DagEventsDeadLetterQueue"])
    eventually(lambda: state(local_aws, deployed["DagEventsDeadLetterAlarm"]) == "OK", SECONDS, "it ends")

    changes = [(deployed["DagEventsDeadLetterAlarm"], new) for new in ("ALARM", "OK")]

    def told(messages: list[Any], to: list[Any]) -> bool:
        to += [json.loads(message["Message"]) for message in messages]
        return [(each["AlarmName"], each["NewStateValue"]) for each in to] == changes

    heard: list[Any] = []
    eventually(lambda: told(received(local_aws, url), heard), SECONDS, "both changes reach the queue")

    def told_function() -> bool:
        return told([event["Records"][0]["Sns"] for event in recorded(local_aws, "subscriber")], [])

    eventually(told_function, SECONDS, "both changes reach the function")


def test_queue_without_metrics_is_no_alarm(
    local_aws: LocalAws, eventually: Callable[..., Any], deployed: dict[str, str]
) -> None:
    """A queue that SQS no longer reports of: the alarm stays, or becomes, OK, as the template declares."""
    alarm = deployed["WorkDeadLetterAlarm"]
    eventually(lambda: state(local_aws, alarm) == "OK", SECONDS, "OK with an empty queue")
    local_aws.client("sqs").delete_queue(QueueUrl=deployed["WorkDeadLetterQueue"])
    time.sleep(4 * MINUTE_SECONDS)  # its last metric has left the range
    local_aws.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a drill")
    eventually(lambda: state(local_aws, alarm) == "OK", SECONDS, "OK with no data")
