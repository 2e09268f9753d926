"""What the lint found in a DAG folder, kept by the folder's id: a push that leaves the folder alone is judged at once."""

from __future__ import annotations

import base64
import json
import lzma
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING

from dag_lint.finding import Finding

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEEP_SECONDS = 30 * 24 * 3600
ITEM_BYTES = 300_000
"""An item of DynamoDB has 400 kB at most. More findings than that are found anew each time."""


class FindingsCache:
    """Items `findings#<version>#<folder id>` of the state table. `version` is the lint's, and of what it imports with."""

    def __init__(self, dynamodb: DynamoDBClient, table: str, version: str, now: Callable[[], float]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._version = version
        self._now = now

    def read(self, folder_id: str, *, imported: bool) -> list[Finding] | None:
        """None where the folder was not judged yet, by this version and with an import or without."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=self._key(folder_id, imported))
        item = answer.get("Item")
        if item is None:
            return None
        rows = json.loads(lzma.decompress(base64.b64decode(item["findings"]["S"])))
        return [Finding(*row) for row in rows]

    def write(self, folder_id: str, findings: Sequence[Finding], *, imported: bool) -> None:
        """The findings as they are before the deploy branch makes exceptions."""
        content = lzma.compress(json.dumps([astuple(found) for found in findings]).encode())
        if len(content) * 4 / 3 > ITEM_BYTES:
            return
        expiration = int(self._now()) + KEEP_SECONDS
        self._dynamodb.put_item(
            TableName=self._table,
            Item={
                **self._key(folder_id, imported),
                "findings": {"S": base64.b64encode(content).decode()},
                "expiration": {"N": str(expiration)},
            },
        )

    def _key(self, folder_id: str, imported: bool) -> dict[str, dict[str, str]]:
        how = "imported" if imported else "static"
        return {"id": {"S": f"findings#{self._version}#{how}#{folder_id}"}}
