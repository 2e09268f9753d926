"""The function dying at any of its requests to AWS changes nothing of how an upgrade or a drain ends."""

from __future__ import annotations

from typing import Any

import pytest
from moto import mock_aws

from tests.integration.custom_resources import AnswerServer
from tests.integration.metadata_migration.deployments import begin
from tests.integration.metadata_migration.world import NEW, OLD, World

WAYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "upgrade": ({}, "SUCCESS", "a3"),
    "queued tasks run first": ({"scaling_is_off": True, "comes_back": 2}, "SUCCESS", "a3"),
    "failed migration": ({"reach_stops_at": "a2"}, "FAILED", "a1"),
    "way back that fails": ({"reach_stops_at": "a2", "failing_ways": 1}, "FAILED", "a1"),
    "failed snapshot": ({"snapshot_fails": True}, "FAILED", "a1"),
    "image that does not start": ({"start_fails": True}, "FAILED", "a1"),
}


@pytest.mark.parametrize("way", WAYS)
def test_function_that_dies_at_any_request_changes_nothing_of_the_outcome(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, way: str
) -> None:
    """At each third of its requests to AWS: before it, or after it, when it is done and nobody has heard of it."""
    wrong, status, revision = WAYS[way]
    with mock_aws():
        world = World(**wrong)
        deployments = begin(monkeypatch, answers, world)
        deployments.set(queued_tasks="run" if "comes_back" in wrong else "requeue")
        assert deployments.deploy(NEW, OLD)["Status"] == status
        calls = world.calls
        assert calls > 10
        for number in range(1 + len(way) % 3, calls, 3):
            world.begin_again(**wrong, dies_at=number, dies_after_it=number % 2 == 0)
            assert deployments.deploy(NEW, OLD)["Status"] == status, f"died at request {number}"
            assert world.calls > number, "it did die"
            assert world.revision == revision, f"died at request {number}"
            assert not world.migrated_with_somebody_at_work
            assert deployments.is_settled(), f"died at request {number}"


@pytest.mark.parametrize("ends_by", ["deployment", "resume"])
def test_function_that_dies_at_any_request_changes_nothing_of_a_drain(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, ends_by: str
) -> None:
    with mock_aws():
        world = World()
        deployments = begin(monkeypatch, answers, world)

        def drain_and_end() -> None:
            assert not deployments.ask("Drain", lambda step: step == "await_deployment" and deployments.ask_for_turn(7))
            if ends_by == "deployment":
                assert deployments.deploy(NEW, OLD, number=7)["Status"] == "SUCCESS"
            else:
                assert not deployments.ask("Resume")

        drain_and_end()
        calls = world.calls
        for number in range(1 + len(ends_by) % 3, calls, 3):
            world.begin_again(dies_at=number, dies_after_it=number % 2 == 0)
            drain_and_end()
            assert world.calls > number, "it did die"
            assert world.revision == ("a3" if ends_by == "deployment" else "a1"), f"died at request {number}"
            assert not world.migrated_with_somebody_at_work
            assert deployments.is_settled(), f"died at request {number}"
