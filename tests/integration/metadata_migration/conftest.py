"""A stack's deployments on an in-memory AWS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.integration.custom_resources import AnswerServer, answer_server
from tests.integration.metadata_migration.deployments import Deployments, begin
from tests.integration.metadata_migration.world import World


@pytest.fixture
def answers() -> Iterator[AnswerServer]:
    with answer_server() as answers:
        yield answers


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch, answers: AnswerServer) -> Iterator[Deployments]:
    with mock_aws():
        yield begin(monkeypatch, answers, World())
