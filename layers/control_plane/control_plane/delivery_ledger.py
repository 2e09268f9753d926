"""Which deliveries of GitHub are queued, running, done or failed: nothing is judged twice at once, nor again once done.

GitHub delivers again under the same id, and SQS may hand out one message twice. Each delivery is one item of the state
table, written under conditions only, so that of two claims at the same moment one is refused.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = "push#"

QUEUE_LEASE_SECONDS = 60
"""How long a delivery that was claimed and not begun counts as queued; then GitHub's redelivery is let in again."""

KEEP_SECONDS = 7 * 24 * 3600
"""Longer than GitHub delivers again: three days, and thirty once, by the pages that tell of it."""

# A table forgets expired items within days, not at once: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
_FREE = "attribute_not_exists(id) OR expiration <= :now OR phase = :failed"
_MAY_CLAIM = f"{_FREE} OR (phase IN (:queued, :running) AND lease_until <= :now)"
_MAY_START = f"{_FREE} OR phase = :queued OR (phase = :running AND lease_until <= :now)"


@dataclass(frozen=True)
class Claimed:
    """The delivery is the caller's, until the lease ends. `claim` tells it from earlier and later owners."""

    claim: str


@dataclass(frozen=True)
class Refused:
    """The delivery is somebody else's, or done."""

    reason: Literal["running", "done"]


class DeliveryLedger:
    """Items `push#<delivery>` of the state table. `now` is in seconds since 1970. Other errors are botocore's."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, now: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def claim(self, delivery: str) -> Claimed | Refused:
        """For the receiver: the right to queue the delivery."""
        return self._take(delivery, "queued", QUEUE_LEASE_SECONDS, _MAY_CLAIM)

    def start(self, delivery: str, lease_seconds: int, work: str = "") -> Claimed | Refused:
        """For the worker: the right to run the delivery, queued or not, for as long as the worker may live.

        `work` is kept for who looks for workers that did not come to their end.
        """
        return self._take(delivery, "running", lease_seconds, _MAY_START, {"work": {"S": work}})

    def done(self, delivery: str) -> None:
        """It is over, and never runs again."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=_key(delivery),
            UpdateExpression="SET phase = :done, expiration = :expiration",
            ExpressionAttributeValues={":done": {"S": "done"}, ":expiration": self._expiration()},
        )

    def failed(self, delivery: str, claim: str) -> None:
        """Give `claim` back: the next delivery runs at once. Changes nothing when it is another's by now, or done."""
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_key(delivery),
                UpdateExpression="SET phase = :failed",
                ConditionExpression="claim = :claim AND phase <> :done",
                ExpressionAttributeValues={":failed": {"S": "failed"}, ":done": {"S": "done"}, ":claim": {"S": claim}},
            )
        except ClientError as error:
            if not _is_refusal(error):
                raise

    def _take(
        self,
        delivery: str,
        phase: Literal["queued", "running"],
        lease_seconds: int,
        condition: str,
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> Claimed | Refused:
        claim = uuid.uuid4().hex
        now = int(self._now())
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item={
                    **_key(delivery),
                    "phase": {"S": phase},
                    "claim": {"S": claim},
                    "lease_until": {"N": str(now + lease_seconds)},
                    "expiration": self._expiration(),
                    **more,
                },
                ConditionExpression=condition,
                ExpressionAttributeValues={
                    ":now": {"N": str(now)},
                    ":failed": {"S": "failed"},
                    ":queued": {"S": "queued"},
                    ":running": {"S": "running"},
                },
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not _is_refusal(error):
                raise
            return Refused("done" if _phase(error) == "done" else "running")
        return Claimed(claim)

    def _expiration(self) -> dict[str, str]:
        return {"N": str(int(self._now()) + KEEP_SECONDS)}


def _key(delivery: str) -> dict[str, dict[str, str]]:
    return {"id": {"S": f"{PREFIX}{delivery}"}}


def _is_refusal(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "ConditionalCheckFailedException")


def _phase(error: ClientError) -> str:
    """Of the item that was there: DynamoDB sends it with the refusal when asked to."""
    item: Any = error.response.get("Item", {})
    return str(item.get("phase", {}).get("S", ""))
