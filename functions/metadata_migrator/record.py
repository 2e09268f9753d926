"""What an upgrade must not forget, in one item of the state table: whose turn it is, and how far it came.

What outlives the execution that wrote it: how many tasks each stopped service had, for what the database was made to fit, and a
restore that has not ended.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

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
    restoring: str = ""
    """The snapshot that the database is being brought back to, until it is, or an execution has ended in the middle of it."""
    step: str = ""
    """The last one on the way forward that was begun."""
    since: dict[str, float] = field(default_factory=dict)
    """By step, when it was begun."""
    tasks: dict[str, str] = field(default_factory=dict)
    """By step, the ECS task that was started for it."""
    began_at: float = 0.0
    journey: dict[str, Any] | None = None
    is_moving: bool = False
    """The journey was begun, and neither it nor the way back has ended."""
    has_moved: bool = False
    drain_until: float = 0.0
    snapshot: str = ""

    def for_another(self, now: float) -> Record:
        """What the next execution begins with."""
        return Record(
            services=self.services, fits=self.fits, fits_at=self.fits_at, restoring=self.restoring, began_at=now
        )


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
        """From `former`, which has ended. False when somebody else was faster."""
        record = self.load()
        mine = record if former == self._execution else record.for_another(now)
        return self._update(
            "SET execution = :mine, content = :content REMOVE superseded",
            "attribute_not_exists(execution) OR execution = :former",
            {":mine": self._execution, ":former": former, ":content": _to_text(mine)},
        )

    def ask_for_it(self, holder: str) -> None:
        """Tell the holder that a later deployment waits: what it does is not wanted any more."""
        self._update("SET superseded = :mine", "execution = :holder", {":mine": self._execution, ":holder": holder})

    def is_superseded(self) -> bool:
        """Whether a later deployment waits."""
        return bool(self._text("superseded"))

    def load(self) -> Record:
        """The record as it was saved last."""
        content = json.loads(self._text("content") or "{}")
        known = {each.name for each in fields(Record)}
        return Record(**{name: value for name, value in content.items() if name in known})

    def save(self, record: Record) -> None:
        """Raises `RuntimeError` when it is another's turn."""
        values = {":mine": self._execution, ":content": _to_text(record)}
        if not self._update("SET content = :content", "execution = :mine", values):
            raise RuntimeError(f"it is no more the turn of {self._execution}")

    def report(self, key: str) -> dict[str, Any]:
        """What a task of the image told under `key`; empty when it told nothing."""
        return dict(json.loads(self._text("report", key) or "{}"))

    def _text(self, attribute: str, key: str = KEY) -> str:
        answer = self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True)
        return str(answer.get("Item", {}).get(attribute, {}).get("S", ""))

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


def _to_text(record: Record) -> str:
    return json.dumps(asdict(record))
