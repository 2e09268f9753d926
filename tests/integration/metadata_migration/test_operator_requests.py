"""What an operator asks for: a drain ahead of a deployment, and its end."""

from __future__ import annotations

from typing import Any

import pytest

from control_plane.state_failure import in_words
from tests.integration.custom_resources import Context
from tests.integration.metadata_migration.deployments import EXECUTION, Deployments
from tests.integration.metadata_migration.world import CLUSTER, COUNTS, NEW, OLD


def test_deployment_goes_on_from_what_was_drained_ahead(deployments: Deployments) -> None:
    """Tasks that run for longer than a deployment may wait have ended by then; no service was started in between."""
    world = deployments.world
    world.running_tasks_until = world.now + 90 * 60

    def deployment_comes(step: str) -> None:
        if step == "await_deployment":
            assert world.now >= world.running_tasks_until
            deployments.ask_for_turn(7)

    assert not deployments.ask("Drain", deployment_comes)
    assert deployments.entered[-3:] == ["AwaitDeployment", "IsHandedOver", "Succeeded"]
    assert "StartFormerServices" not in deployments.entered
    assert (world.alive["scheduler"], world.alive["worker-default"], world.alive["ui"]) == (0, 0, 1)
    began = world.now
    assert deployments.deploy(NEW, OLD, number=7)["Status"] == "SUCCESS"
    assert world.now - began < 300
    assert world.revision == "a3"
    assert not world.migrated_with_somebody_at_work
    assert deployments.is_settled()


def test_deployment_whose_database_fits_starts_what_was_drained_ahead(deployments: Deployments) -> None:
    assert not deployments.ask("Drain", lambda step: step == "await_deployment" and deployments.ask_for_turn(7))
    assert deployments.deploy(OLD, OLD, number=7)["Status"] == "SUCCESS"
    assert "Migrate" not in deployments.entered
    assert deployments.is_settled()


def test_deployment_that_fails_after_a_drain_starts_what_was_drained(deployments: Deployments) -> None:
    deployments.world.start_fails = True
    assert not deployments.ask("Drain", lambda step: step == "await_deployment" and deployments.ask_for_turn(7))
    assert deployments.deploy(NEW, OLD, number=7)["Status"] == "FAILED"
    assert deployments.is_settled()


def test_drain_without_a_deployment_starts_all_again_after_an_hour(deployments: Deployments) -> None:
    world, began = deployments.world, deployments.world.now
    assert deployments.ask("Drain") == "no deployment came within 60 minutes after the last task had ended"
    assert 3600 < world.now - began < 2 * 3600
    assert "StartFormerServices" in deployments.entered
    assert deployments.is_settled()


def test_drain_whose_tasks_run_for_too_long_ends_none(deployments: Deployments) -> None:
    world = deployments.world
    world.running_tasks_until = world.now + 24 * 3600
    reason = deployments.ask("Drain", minutes=90)
    assert reason.startswith("after 1.5 h workers still ran tasks (3 of worker-default); none was ended.")
    assert world.alive["worker-default"] == 3
    assert deployments.is_settled()


def test_drain_that_is_superseded_hands_over_what_it_has_stopped(deployments: Deployments) -> None:
    """A deployment that comes too early waits for running tasks by itself."""
    world = deployments.world
    world.running_tasks_until = world.now + 600
    assert not deployments.ask("Drain", lambda step: step == "drain" and deployments.ask_for_turn(7))
    assert deployments.entered[-2:] == ["IsDrained", "Succeeded"]
    assert (world.counts["scheduler"], world.alive["worker-default"]) == (0, 3)
    assert deployments.deploy(NEW, OLD, number=7)["Status"] == "SUCCESS"
    assert world.revision == "a3"
    assert not world.migrated_with_somebody_at_work
    assert deployments.is_settled()


def test_drain_hands_nothing_over_to_an_execution_that_has_ended(deployments: Deployments) -> None:
    """It asked, and then somebody aborted it: nobody would ever start what is stopped."""

    def deployment_comes_and_goes(step: str) -> None:
        if step == "await_deployment" and deployments.world.now < began + 600:
            deployments.ask_for_turn(7)
            deployments.world.running_executions.discard(EXECUTION.format(7))

    began = deployments.world.now
    assert deployments.ask("Drain", deployment_comes_and_goes).startswith("no deployment came within 60 minutes")
    assert deployments.is_settled()
    assert not deployments.world.hold.load().brings_revision


@pytest.mark.parametrize("step", ["drain", "await_deployment"])
def test_drain_is_ended_by_a_resume(deployments: Deployments, step: str) -> None:
    """No matter how far it is; what runs goes on."""
    world = deployments.world
    world.running_tasks_until = world.now + 600
    assert not deployments.ask("Drain", lambda taken: taken == step and deployments.ask_for_turn(7))
    assert not deployments.ask("Resume")
    assert deployments.entered == [
        *("TakeTurn", "IsTurn", "Settle", "IsSettled", "StartServices", "IsAnswerAwaited", "Succeeded")
    ]
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_resume_where_nothing_is_stopped_changes_nothing(deployments: Deployments) -> None:
    deployments.world.counts["ui"] = deployments.world.alive["ui"] = 2
    assert not deployments.ask("Resume")
    assert deployments.world.counts == {**COUNTS, "ui": 2}


@pytest.mark.parametrize(
    ("kind", "properties", "reason"),
    [
        ("Drain", {"DrainMinutes": 60}, "a Drain needs a Cluster"),
        ("Drain", {"Cluster": CLUSTER}, "a Drain needs DrainMinutes, from 1 to 1200"),
        ("Drain", {"Cluster": CLUSTER, "DrainMinutes": 1201}, "a Drain needs DrainMinutes, from 1 to 1200"),
        ("Resume", {}, "a Resume needs a Cluster"),
    ],
)
def test_request_that_lacks_something_fails_before_it_has_its_turn(
    deployments: Deployments, kind: str, properties: dict[str, Any], reason: str
) -> None:
    request = {"RequestType": kind, "ResourceProperties": properties}
    ended = deployments.walk(EXECUTION.format(1), request)
    assert in_words(ended.error, ended.cause) == reason
    assert ended.entered == ["TakeTurn", "IsFailureAwaited", "Failed"]
    assert not deployments.world.calls


@pytest.mark.parametrize("kind", ["Drain", "Resume"])
def test_operator_s_execution_waits_for_a_deployment_and_ends_none(deployments: Deployments, kind: str) -> None:
    """Whichever came first: a deployment that is ended is rolled back."""
    execution = EXECUTION.format(7)
    deployments.world.running_executions = {execution}
    asked: list[dict[str, Any]] = []

    def operator_comes(step: str) -> None:
        if step == "drain":
            properties = {"Cluster": CLUSTER, "DrainMinutes": 60}
            request = {"RequestType": kind, "ResourceProperties": properties}
            event = {"step": "take_turn", "execution": EXECUTION.replace("update", kind.lower()), "request": request}
            asked.append(deployments.handler.lambda_handler(event, Context("metadata_migrator")))

    deployments.world.running_tasks_until = deployments.world.now + 60
    ended = deployments.walk(execution, deployments.request(NEW, OLD), operator_comes)
    assert [answer["state"] for answer in asked] == ["wait"] * len(asked)
    assert len(asked) > 1
    assert ended.entered[-1] == "Succeeded"
    assert deployments.world.revision == "a3"
    assert deployments.is_settled()
