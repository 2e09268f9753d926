"""The state table on moto's DynamoDB, and a service as ECS runs one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from control_plane.worker_scaling.scaling_state import ScalingState
from tests.integration.worker_scaling.ecs_service import EcsService


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="state",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        yield client


@pytest.fixture
def state(dynamodb: Any) -> ScalingState:
    return ScalingState(dynamodb, "state")


@pytest.fixture
def ecs(dynamodb: Any) -> EcsService:
    return EcsService(dynamodb)
