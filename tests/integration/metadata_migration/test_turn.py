"""One execution after the other."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from metadata_migrator.record import OtherTurnError, Record, Turn
from tests.integration import state_table
from tests.integration.custom_resources import AnswerServer, Context
from tests.integration.metadata_migration import state_machine
from tests.integration.metadata_migration.deployments import EXECUTION, Deployments, begin
from tests.integration.metadata_migration.world import NEW, OLD, World


def test_later_deployment_waits_for_its_turn_and_ends_the_draining_of_the_one_before(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer
) -> None:
    """As when a stack's update is cancelled while it waits for running tasks."""
    with mock_aws():
        world = World()
        world.running_tasks_until = world.now + 24 * 3600
        deployments = begin(monkeypatch, answers, world)
        first = EXECUTION.format("first")
        world.running_executions = {first}
        later = deployments.handler.lambda_handler
        asked: list[str] = []

        def invoke(payload: dict[str, Any]) -> Any:
            if payload["step"] == "drain" and not asked:
                request = deployments.request(OLD, NEW)
                event = {"step": "take_turn", "execution": EXECUTION.format("second"), "request": request}
                world.running_executions.add(event["execution"])
                asked.append(later(event, Context("metadata_migrator"))["state"])
            return later(payload, Context("metadata_migrator"))

        given = {"request": deployments.request(NEW, OLD)}
        state_machine.walk(first, deployments.now, given, invoke, lambda seconds: None)
        assert asked == ["wait"]
        (answer,) = answers.received
        assert answer["Reason"].startswith("drain: a later deployment")
        assert deployments.is_settled()
        world.running_executions = set()
        assert deployments.deploy(OLD, NEW, number=2)["Status"] == "SUCCESS"


def test_turn_is_not_taken_from_what_was_written_meanwhile(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a function of the execution before, which goes on though that was aborted."""
    first, second = (
        Turn(deployments.world.dynamodb, state_table.NAME, EXECUTION.format(name)) for name in ("first", "second")
    )
    assert first.take("", now=1.0)
    written = Record(left={"snapshot": "of the first"})
    decide = Record.for_another

    def write_meanwhile(self: Record, now: float) -> Record:
        monkeypatch.setattr(Record, "for_another", decide)
        first.save(written)
        return decide(self, now)

    monkeypatch.setattr(Record, "for_another", write_meanwhile)
    assert not second.take(EXECUTION.format("first"), now=2.0)
    assert second.take(EXECUTION.format("first"), now=2.0)
    assert second.load().left == written.left


@pytest.mark.parametrize("step", ["stop_services", "snapshot"])
def test_later_deployment_ends_an_upgrade_that_has_not_moved_the_database(deployments: Deployments, step: str) -> None:
    """As when a stack's update is cancelled while everything is stopped already."""
    asked: list[str] = []

    def another_comes(taken: str) -> None:
        if taken == step and not asked:
            asked.append(taken)
            deployments.ask_for_turn(8)

    deployments.world.running_executions = {EXECUTION.format(7)}
    ended = deployments.walk(EXECUTION.format(7), deployments.request(NEW, OLD), another_comes)
    assert ended.entered[-1] == "Failed"
    assert deployments.answers.received[-1]["Reason"].startswith(f"{step}: a later deployment")
    assert [task.command[0] for task in deployments.world.tasks.values()] == ["prepare"]
    assert deployments.is_settled()


@pytest.mark.parametrize("has_ended", [False, True], ids=["has begun", "has ended"])
def test_execution_that_lost_its_turn_does_nothing_more(deployments: Deployments, *, has_ended: bool) -> None:
    """A function that goes on though its execution was aborted, or one that somebody redrives. The later one has its turn."""
    first, second = EXECUTION.format("first"), EXECUTION.format("second")
    world = deployments.world

    def take(step: str, execution: str) -> Any:
        event = {"step": step, "execution": execution, "request": deployments.request(NEW, OLD)}
        return deployments.handler.lambda_handler(event, Context("metadata_migrator"))

    for step in ("take_turn", "settle", "compare", "compare", "compare"):
        take(step, first)
    if has_ended:
        assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    else:
        take("take_turn", second)
    tasks, counts = dict(world.tasks), dict(world.counts)
    for step in ("pause_scheduling", "drain", "stop_services", "migrate", "roll_back", "restore", "start_services"):
        with pytest.raises(OtherTurnError, match="first"):
            take(step, first)
    assert (world.tasks, world.counts) == (tasks, counts)
    assert not world.hold.load().stands(world.now)


def test_execution_that_loses_its_turn_in_the_middle_of_a_step_starts_no_migration(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it looks who works, somebody aborts it and has all started again."""
    world = deployments.world
    describe = World._ecs_describe_services

    def resume_meanwhile(self: World, given: Any) -> Any:
        services = describe(self, given)
        monkeypatch.setattr(World, "_ecs_describe_services", describe)
        assert not deployments.ask("Resume")
        return services

    def expect_abort(step: str) -> None:
        if step == "migrate":
            monkeypatch.setattr(World, "_ecs_describe_services", resume_meanwhile)

    ended = deployments.walk(EXECUTION.format("aborted"), deployments.request(NEW, OLD), expect_abort)
    assert ended.entered[-1] == "Failed"
    assert [task.command[0] for task in world.tasks.values()] == ["prepare"]
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_wait_for_one_s_turn_is_not_cut_off_by_its_own_history(deployments: Deployments) -> None:
    """Whoever waits for a migration of hours looks less and less often."""
    deployments.world.running_executions = {EXECUTION.format(1)}
    boto3.client("dynamodb").put_item(
        TableName=state_table.NAME,
        Item={"id": {"S": "metadata_migration"}, "execution": {"S": EXECUTION.format(1)}},
    )
    event = {"step": "take_turn", "execution": EXECUTION.format(2), "request": deployments.request(NEW, OLD)}
    seconds = []
    for _ in range(3):
        event["began"] = deployments.now if not seconds else event["began"]
        seconds.append(deployments.handler.lambda_handler(event, Context("metadata_migrator"))["seconds"])
        deployments.world.now += 600
    assert seconds == [2, 30, 60]
