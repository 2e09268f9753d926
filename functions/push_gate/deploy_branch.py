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
    queued: str = ""
    """The head that a sweep queued last, and that there is no verdict of yet."""
    queued_times: int = 0
    """How often in a row."""
    publishing: str = ""
    """The delivery that went to publish last, whatever came of it."""
    delivery: str = ""
    """The delivery that is known to have published last."""
    release: str = ""
    """What it published: its retry does not publish again, for an operator may have rolled back meanwhile."""


class DeployBranch:
    """The item `deploy-branch#<repository>#<branch>` of the state table."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, name: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._key = {"id": {"S": f"deploy-branch#{name}"}}

    def heads(self) -> Heads:
        """As the last sweep and the last verdict left them."""
        item = self._dynamodb.get_item(TableName=self._table, Key=self._key, ConsistentRead=True).get("Item", {})
        names = ("judged", "accepted", "waiting", "queued", "publishing", "delivery", "release")
        texts = {name: item.get(name, {}).get("S", "") for name in names}
        return Heads(**texts, queued_times=int(item.get("queued_times", {}).get("N", "0")))

    def was_judged(self, commit: str) -> None:
        """There is a verdict, and nothing is to be published of it."""
        self._set(judged=commit, queued="", queued_times=0)

    def goes_to_publish(self, delivery: str) -> None:
        """Noted before, so that a retry knows of what its attempt may have done and could not note."""
        self._set(publishing=delivery)

    def was_published(self, commit: str, delivery: str, release: str) -> None:
        """It passed, as the branch's head, and `delivery` published it."""
        self._set(
            judged=commit, accepted=commit, delivery=delivery, release=release, waiting="", queued="", queued_times=0
        )

    def starts_at(self, commit: str) -> None:
        """Before anything passed: what it has is no news, and what it allows holds. Changes nothing later."""
        self._dynamodb.update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression="SET accepted = if_not_exists(accepted, :commit)",
            ExpressionAttributeValues={":commit": {"S": commit}},
        )

    def waits(self, commit: str) -> None:
        """A sweep saw it, and no verdict."""
        self._set(waiting=commit)

    def was_queued(self, commit: str, times: int) -> None:
        """A sweep queued it, for the so manieth time. If the message is lost too, two more sweeps queue it again."""
        self._set(waiting="", queued=commit, queued_times=times)

    def _set(self, **values: str | int) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key=self._key,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={
                f":{name}": {"N": str(value)} if isinstance(value, int) else {"S": value}
                for name, value in values.items()
            },
        )
