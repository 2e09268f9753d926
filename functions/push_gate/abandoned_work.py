"""Deliveries that a worker began and whose lease ended before the work did, as the ledger has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from control_plane.delivery_ledger import PREFIX
from control_plane.push_work import PushWork

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class AbandonedWork:
    """`claim` is the dead worker's."""

    delivery: str
    claim: str
    work: PushWork


class AbandonedWorks:
    """Reads the whole state table, page by page: a week's deliveries, and what else is small."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, now: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def __iter__(self) -> Iterator[AbandonedWork]:
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table,
            FilterExpression="begins_with(id, :push) AND phase = :running AND lease_until <= :now",
            ExpressionAttributeValues={
                ":push": {"S": PREFIX},
                ":running": {"S": "running"},
                ":now": {"N": str(int(self._now()))},
            },
        )
        for page in pages:
            for item in page["Items"]:
                delivery = item["id"]["S"].removeprefix(PREFIX)
                yield AbandonedWork(delivery, item["claim"]["S"], PushWork.from_json(item["work"]["S"]))
