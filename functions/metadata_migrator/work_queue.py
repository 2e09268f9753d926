"""The work queues of all worker groups, which nobody polls during a migration. Errors are botocore's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

EMPTYING_SECONDS = 30.0
"""Of one call. SQS's own PurgeQueue goes on for a minute, and may take messages along that are sent meanwhile."""
MESSAGES_PER_CALL = 10
WAITING: Literal["ApproximateNumberOfMessages"] = "ApproximateNumberOfMessages"
TAKEN: Literal["ApproximateNumberOfMessagesNotVisible"] = "ApproximateNumberOfMessagesNotVisible"


def count_waiting(sqs: SQSClient, urls: Sequence[str]) -> int:
    """Messages that no worker has taken."""
    return sum(_count(sqs, url, WAITING) for url in urls)


def empty(sqs: SQSClient, urls: Sequence[str], clock: Callable[[], float]) -> bool:
    """Delete what waits. False when there may be more: one that somebody took and did not delete comes back."""
    deadline = clock() + EMPTYING_SECONDS
    for url in urls:
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=MESSAGES_PER_CALL, WaitTimeSeconds=1
        ).get("Messages"):
            sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )
            if clock() > deadline:
                return False
    return not any(_count(sqs, url, WAITING, TAKEN) for url in urls)


def _count(
    sqs: SQSClient,
    url: str,
    *attributes: Literal["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
) -> int:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=attributes)["Attributes"]
    return sum(int(found[attribute]) for attribute in attributes)
