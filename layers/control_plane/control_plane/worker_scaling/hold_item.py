"""The item of the state table by which an upgrade has all workers drained: `metadata_migrator` writes it, scaling reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from control_plane.worker_scaling.hold import Hold

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = "worker_hold"


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
            },
        )
