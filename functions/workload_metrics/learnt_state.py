"""What was learnt, in the state table: `durations#<number>` in pieces, and `unforeseen#slots`. Errors are botocore's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from control_plane.observability import logger

from .durations import Durations, decode, encode
from .unforeseen import UnforeseenSlots

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

UNFORESEEN = "unforeseen#slots"


class LearntState:
    """One writer: `workload_metrics`. Two at once overwrite each other with the same."""

    def __init__(self, dynamodb: DynamoDBClient, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def durations(self) -> Durations:
        """Nothing learnt, when the pieces are missing or do not fit: the next hour's lesson mends it."""
        pieces: list[bytes] = []
        number, count = 0, 1
        while number < count:
            item = self._get(f"durations#{number}")
            if not item:
                return Durations()
            count = int(item["count"]["N"])
            pieces.append(item["piece"]["B"])
            number += 1
        try:
            return decode(pieces)
        except ValueError as error:
            logger.warning("learnt durations were left aside", extra={"reason": str(error)})
            return Durations()

    def save_durations(self, durations: Durations) -> None:
        """Piece by piece. Whoever reads meanwhile finds pieces that do not fit, which is noticed."""
        pieces = encode(durations)
        for number, piece in enumerate(pieces):
            item: dict[str, Any] = {
                "id": {"S": f"durations#{number}"},
                "count": {"N": str(len(pieces))},
                "piece": {"B": piece},
            }
            self._dynamodb.put_item(TableName=self._table, Item=item)

    def unforeseen(self) -> UnforeseenSlots | None:
        """None before the first."""
        item = self._get(UNFORESEEN)
        if not item:
            return None
        return UnforeseenSlots(float(item["at"]["N"]), json.loads(item["slots"]["S"]))

    def save_unforeseen(self, unforeseen: UnforeseenSlots) -> None:
        """Replace it."""
        self._dynamodb.put_item(
            TableName=self._table,
            Item={
                "id": {"S": UNFORESEEN},
                "at": {"N": str(unforeseen.at)},
                "slots": {"S": json.dumps(dict(unforeseen.slots))},
            },
        )

    def _get(self, key: str) -> dict[str, Any]:
        answer = self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True)
        return dict(answer.get("Item", {}))
