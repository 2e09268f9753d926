"""The state table, as `stacks/data.yaml` has it."""

from __future__ import annotations

from typing import Any

NAME = "state"


def create(dynamodb: Any) -> None:
    """Make it, empty."""
    dynamodb.create_table(
        TableName=NAME,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
