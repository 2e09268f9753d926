"""What is known of the deploy branch: the head that was last judged, and the commit that was last accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class Heads:
    """Commits, each empty for none."""

    judged: str = ""
    """The head that there is a verdict of."""
    accepted: str = ""
    """The last one that passed; before any did, the one that the branch was at when the gate first looked. What it has is
    no news, and what it allows holds."""
    waiting: str = ""
    """A head that a sweep saw without a verdict."""


class DeployBranch:
    """The item `deploy-branch#<repository>#<branch>` of the state table."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, name: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._key = {"id": {"S": f"deploy-branch#{name}"}}

    def heads(self) -> Heads:
        """As the last sweep and the last verdict left them."""
        item = self._dynamodb.get_item(TableName=self._table, Key=self._key, ConsistentRead=True).get("Item", {})
        return Heads(*(item.get(name, {}).get("S", "") for name in ("judged", "accepted", "waiting")))

    def was_judged(self, commit: str) -> None:
        """There is a verdict, and what passed is published."""
        self._set("judged", commit)

    def accepts(self, commit: str) -> None:
        """It passed, as the branch's head."""
        self._set("accepted", commit)

    def waits(self, commit: str) -> None:
        """A sweep saw it, and no verdict."""
        self._set("waiting", commit)

    def _set(self, name: str, commit: str) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression="SET #name = :commit",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":commit": {"S": commit}},
        )
