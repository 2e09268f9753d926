"""What became of the deploy branch: the commit that was last published of it, and the head that was last judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from control_plane.dag_releases import DagReleases

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOOKED_BACK = 20
"""Releases: of plain uploads, which are of no commit, there may be some since."""


@dataclass(frozen=True)
class Heads:
    """`judged` is the head that a verdict is known of, `waiting` one that a sweep saw without; empty for none."""

    judged: str = ""
    waiting: str = ""


class DeployBranch:
    """The releases, and the item `deploy-branch#<repository>#<branch>` of the state table."""

    def __init__(self, releases: DagReleases, dynamodb: DynamoDBClient, table: str, name: str) -> None:
        self._releases = releases
        self._dynamodb = dynamodb
        self._table = table
        self._key = {"id": {"S": f"deploy-branch#{name}"}}

    def published_commit(self) -> str | None:
        """Of the newest release that was made of a commit."""
        for number, release in enumerate(self._releases.history()):
            if release.commit or number == LOOKED_BACK:
                return release.commit
        return None

    def heads(self) -> Heads:
        """As the last sweep and the last verdict left them."""
        item = self._dynamodb.get_item(TableName=self._table, Key=self._key, ConsistentRead=True).get("Item", {})
        return Heads(*(item.get(name, {}).get("S", "") for name in ("judged", "waiting")))

    def was_judged(self, commit: str) -> None:
        """There is a verdict, and what passed is published."""
        self._set("judged", commit)

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
