"""How often SQS hands a message out: the emulator's own, to which nothing is added because it is as on AWS.

`push_gate` relies on it: at the last receive that its queue allows, it tells the commit that there is no verdict. "The
maxReceiveCount is the number of times a consumer can receive a message from a source queue before it is moved to a
dead-letter queue"; the move comes when a message's count would exceed it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import json
from typing import Any

from tests.integration.local_aws.conftest import LocalAws
from tests.integration.local_aws.test_lambda import role, zipped
from tests.waiting import eventually

RECEIVES = 5
FAILING = """
def fail(event, context):
    for record in event["Records"]:
        print("receive", record["attributes"]["ApproximateReceiveCount"])
    raise ValueError("not now")
"""


def queue_with_dead_letters(sqs: Any, name: str, hidden_seconds: int) -> tuple[str, str]:
    """The URLs of a queue, and of where its messages go when they were received `RECEIVES` times."""
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
    attributes = {"RedrivePolicy": policy, "VisibilityTimeout": str(hidden_seconds)}
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], dead


def bodies(sqs: Any, url: str) -> list[str]:
    return [message["Body"] for message in sqs.receive_message(QueueUrl=url).get("Messages", [])]


def waiting(sqs: Any, url: str) -> int:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"])


def test_message_is_handed_out_as_often_as_its_queue_allows_and_then_moved(plain: LocalAws) -> None:
    sqs = plain.client("sqs")
    url, dead = queue_with_dead_letters(sqs, "received", hidden_seconds=0)
    sqs.send_message(QueueUrl=url, MessageBody="work")
    for receive in range(1, RECEIVES + 1):
        (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"]
        assert message["Attributes"]["ApproximateReceiveCount"] == str(receive)
        assert waiting(sqs, dead) == 0
    assert bodies(sqs, url) == []
    assert bodies(sqs, dead) == ["work"]


def test_function_gets_a_message_as_often_as_its_queue_allows(with_additions: LocalAws) -> None:
    """By an event source mapping; each invocation reads at which receive it is."""
    sqs, lambda_, logs = (with_additions.client(service) for service in ("sqs", "lambda", "logs"))
    url, dead = queue_with_dead_letters(sqs, "polled", hidden_seconds=2)
    rights = {"Effect": "Allow", "Action": ["sqs:*", "logs:*"], "Resource": "*"}
    lambda_.create_function(
        FunctionName="polled",
        Runtime="python3.13",
        Handler="handlers.fail",
        Role=role(with_additions, "polled", rights),
        Code={"ZipFile": zipped(FAILING)},
        Timeout=2,
    )
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    mapping = lambda_.create_event_source_mapping(FunctionName="polled", EventSourceArn=arn, BatchSize=1)
    sqs.send_message(QueueUrl=url, MessageBody="work")
    eventually(lambda: waiting(sqs, dead) == 1, 60, "a dead letter", context=lambda: with_additions.log[-2000:])
    lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    events = logs.filter_log_events(logGroupName="/aws/lambda/polled")["events"]
    told = [event["message"].strip() for event in events if event["message"].startswith("receive")]
    assert told == [f"receive {number}" for number in range(1, RECEIVES + 1)]
    assert bodies(sqs, dead) == ["work"]
