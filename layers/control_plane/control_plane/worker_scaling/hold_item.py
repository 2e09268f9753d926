"""The item of the state table by which an upgrade has all workers drained: `metadata_migrator` writes it, scaling reads it.

Beside it an item for each worker service, by which `worker_scaler` tells which hold it has followed to its end.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from control_plane.worker_scaling.hold import Hold

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

KEY = "worker_hold"
FOLLOWED = "followed_hold#"


class HoldItem:
    """Errors are botocore's."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def load(self) -> Hold:
        """What was asked last."""
        answer = self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": KEY}}, ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return Hold()
        return Hold(
            item["is_asked"]["BOOL"],
            float(item["at"]["N"]),
            float(item["until"]["N"]),
            {name: int(count["N"]) for name, count in item["counts"]["M"].items()},
            item["brings_revision"]["BOOL"],
        )

    def save(self, hold: Hold) -> None:
        """Of one writer: the upgrade whose turn it is."""
        self._dynamodb.put_item(
            TableName=self._table,
            Item={
                "id": {"S": KEY},
                "is_asked": {"BOOL": hold.is_asked},
                "at": {"N": str(hold.at)},
                "until": {"N": str(hold.until)},
                "counts": {"M": {name: {"N": str(count)} for name, count in hold.counts.items()}},
                "brings_revision": {"BOOL": hold.brings_revision},
            },
        )

    def followed_at(self, service: str) -> float:
        """The `at` of the hold after which the service had its workers back last, in seconds since 1970; 0 before the first."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_followed(service), ConsistentRead=True)
        return float(answer.get("Item", {}).get("hold_at", {}).get("N", "0"))

    def save_followed(self, service: str, hold: Hold) -> None:
        """Of several the latest counts."""
        with suppress(self._dynamodb.exceptions.ConditionalCheckFailedException):
            self._dynamodb.update_item(
                TableName=self._table,
                Key=_followed(service),
                UpdateExpression="SET hold_at = :at",
                ConditionExpression="attribute_not_exists(hold_at) OR hold_at < :at",
                ExpressionAttributeValues={":at": {"N": str(hold.at)}},
            )


def _followed(service: str) -> dict[str, AttributeValueTypeDef]:
    return {"id": {"S": FOLLOWED + service}}
