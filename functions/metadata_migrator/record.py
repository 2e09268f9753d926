"""What an upgrade must not forget, in one item of the state table: whose turn it is, and how far it came.

What outlives the execution that wrote it: how many tasks each stopped service had, for what the database was made to fit, when a
task of the image was last asked for, and a journey or a restore that has not ended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

KEY = "metadata_migration"
REPORT_KEY = "metadata_migration_report"


@dataclass
class Record:
    """Of the execution whose turn it is. Times are seconds since 1970."""

    services: dict[str, int] = field(default_factory=dict)
    """By ECS service that is, or is about to be, stopped: how many tasks it had. Empty when all run as they should."""
    fits: dict[str, str] = field(default_factory=dict)
    """What of a deployment the database is known to fit; empty while that is not known."""
    fits_at: float = 0.0
    """When that was seen."""
    asked_at: float = 0.0
    """When ECS was last asked to start a task of the image."""
    restoring: str = ""
    """The snapshot that the database is being brought back to, until it is, or an execution has ended in the middle of it."""
    step: str = ""
    """The last one on the way forward that was begun."""
    since: dict[str, float] = field(default_factory=dict)
    """By step, when it was begun."""
    tasks: dict[str, str] = field(default_factory=dict)
    """By step, the ECS task that was started for it; empty while that was asked for without an answer."""
    tries: dict[str, int] = field(default_factory=dict)
    """By step, how many tasks were started for it and never ran."""
    began_at: float = 0.0
    journey: dict[str, Any] | None = None
    left: dict[str, Any] = field(default_factory=dict)
    """Of a journey that an earlier execution has not ended: its `start`, `goal` and `snapshot`."""
    was_served: bool = False
    """Services were started since that journey was begun, or the present one."""
    is_moving: bool = False
    """The journey, or one that was left, was begun, and neither it nor the way back has ended."""
    has_moved: bool = False
    drain_until: float = 0.0
    snapshot: str = ""

    def for_another(self, now: float) -> Record:
        """What the next execution begins with."""
        return Record(
            services=self.services,
            fits=self.fits,
            fits_at=self.fits_at,
            asked_at=self.asked_at,
            restoring=self.restoring,
            left=self._leaves() if self.is_moving and "migrate" in self.since else self.left,
            was_served=self.was_served,
            began_at=now,
        )

    def _leaves(self) -> dict[str, Any]:
        journey = self.journey or {}
        return {"start": journey["start"], "goal": journey["goal"], "snapshot": self.snapshot}


class OtherTurnError(Exception):
    """It is another execution's turn."""

    def __init__(self, execution: str) -> None:
        super().__init__(f"it is no more the turn of {execution}")


class Turn:
    """The right to upgrade, of one execution at a time. Errors are botocore's."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, execution: str) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._execution = execution

    def holder(self) -> str:
        """The execution that has it, or had it last; empty before the first."""
        return self._text("execution")

    def take(self, former: str, now: float) -> bool:
        """From `former`, which has ended. False when somebody else was faster, also a function of its that goes on."""
        item = self._item(KEY)
        record = _from_item(item)
        mine = record if former == self._execution else record.for_another(now)
        return self._update(
            "SET execution = :mine, content = :content REMOVE superseded",
            "attribute_not_exists(execution) OR execution = :former AND (attribute_not_exists(content) OR content = :seen)",
            {
                ":mine": self._execution,
                ":former": former,
                ":seen": _text_in(item, "content"),
                ":content": _to_text(mine),
            },
        )

    def ask_for_it(self, holder: str) -> None:
        """Tell the holder that a later deployment waits: what it does is not wanted any more."""
        self._update("SET superseded = :mine", "execution = :holder", {":mine": self._execution, ":holder": holder})

    def asker(self) -> str:
        """The later execution that asked for it last; empty when none did."""
        return self._text("superseded")

    def load(self) -> Record:
        """The record as it was saved last. Raises `OtherTurnError`: who lost its turn shall do nothing more."""
        item = self._item(KEY)
        if _text_in(item, "execution") != self._execution:
            raise OtherTurnError(self._execution)
        return _from_item(item)

    def save(self, record: Record) -> None:
        """Raises `OtherTurnError`."""
        values = {":mine": self._execution, ":content": _to_text(record)}
        if not self._update("SET content = :content", "execution = :mine", values):
            raise OtherTurnError(self._execution)

    def report(self, key: str) -> dict[str, Any]:
        """What a task of the image told under `key`; empty when it told nothing."""
        return dict(json.loads(self._text("report", key) or "{}"))

    def _text(self, attribute: str, key: str = KEY) -> str:
        return _text_in(self._item(key), attribute)

    def _item(self, key: str) -> Mapping[str, AttributeValueTypeDef]:
        answer = self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True)
        return dict(answer.get("Item", {}))

    def _update(self, expression: str, condition: str, values: dict[str, str]) -> bool:
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"id": {"S": KEY}},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _text_in(item: Mapping[str, AttributeValueTypeDef], attribute: str) -> str:
    return str(item.get(attribute, {}).get("S", ""))


def _from_item(item: Mapping[str, AttributeValueTypeDef]) -> Record:
    content = json.loads(_text_in(item, "content") or "{}")
    known = {each.name for each in fields(Record)}
    return Record(**{name: value for name, value in content.items() if name in known})


def _to_text(record: Record) -> str:
    return json.dumps(asdict(record))
