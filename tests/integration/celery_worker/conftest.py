"""One local AWS for all workers, and a workplace of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.celery_worker.workplace import TABLE, Workplace
from tests.integration.local_aws.conftest import LocalAws, running


@pytest.fixture(scope="package")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with running(tmp_path_factory.mktemp("aws")) as local_aws:
        local_aws.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        yield local_aws


@pytest.fixture
def place(aws: LocalAws, tmp_path: Path) -> Workplace:
    return Workplace(aws, tmp_path)
