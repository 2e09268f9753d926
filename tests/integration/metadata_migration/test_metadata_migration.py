"""The real handler under the real state machine's definition: every way that an upgrade can go, and the function dying anywhere.

Each ends with Airflow's services as many as before, the scaler's hold lifted, the database where the answer says, and an
answer that CloudFormation can act on.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from control_plane.state_failure import in_words
from control_plane.worker_scaling.hold_item import HoldItem
from tests.integration import state_table
from tests.integration.custom_resources import AnswerServer, Context, answer_server, load_handler
from tests.integration.metadata_migration import state_machine
from tests.integration.metadata_migration.world import CLUSTER, COUNTS, DATABASE, NEW, OLD, Died, World

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:farflow-metadata-migration:update-{}"
ENVIRON = {
    "STATE_TABLE": state_table.NAME,
    "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:farflow-metadata-migration",
    "WORK_QUEUE_URLS": "https://sqs.us-east-1.amazonaws.com/123456789012/work",
    "WORKER_SCALING_TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:scaling",
    "DRAIN_MINUTES": "30",
    "QUEUED_TASKS": "requeue",
    "DATABASE_INSTANCE": DATABASE,
}


DEATHS = 40
"""Of a function, in one way that an upgrade can go."""


@pytest.fixture
def answers() -> Iterator[AnswerServer]:
    with answer_server() as answers:
        yield answers


@dataclass
class Deployments:
    """Of one stack: each is a request of CloudFormation, handled to its end."""

    handler: ModuleType
    answers: AnswerServer
    world: World
    entered: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def properties(self, image: str) -> dict[str, Any]:
        return {
            "Cluster": CLUSTER,
            "TaskDefinition": image,
            "Image": f"registry/airflow@sha256:{image}",
            "Subnets": ["subnet-1"],
            "SecurityGroups": ["sg-1"],
            "LogGroup": "/farflow/farflow/migration",
            "DatabaseSecretArn": "arn:secret",
        }

    def request(self, image: str, former: str | None) -> dict[str, Any]:
        return {
            "RequestType": "Update" if former else "Create",
            "RequestId": "request-1",
            "ResponseURL": self.answers.url,
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/farflow/1",
            "LogicalResourceId": "MetadataMigration",
            "PhysicalResourceId": "metadata-migration",
            "ResourceProperties": self.properties(image),
            **({"OldResourceProperties": self.properties(former)} if former else {}),
        }

    def deploy(self, image: str, former: str | None, number: int | None = None) -> dict[str, Any]:
        """The answer."""
        execution = EXECUTION.format(number or next(self.numbers))
        count = len(self.answers.received)

        self.entered = self._walk(execution, self.request(image, former)).entered
        given = self.answers.received[count:]
        assert given
        assert all(answer["Status"] == given[0]["Status"] for answer in given), "CloudFormation heeds the first alone"
        return given[0]

    def ask(self, kind: str, meanwhile: Callable[[str], None] = lambda step: None, minutes: int = 120) -> str:
        """For a part alone, as an operator does: why it failed, or nothing. `meanwhile` is called before each step."""
        execution = EXECUTION.replace("update-", f"{kind.lower()}-").format(next(self.numbers))
        properties: dict[str, Any] = {"Cluster": CLUSTER}
        if kind == "Drain":
            properties["DrainMinutes"] = minutes
        count = len(self.answers.received)
        self.world.running_executions.add(execution)
        ended = self._walk(execution, {"RequestType": kind, "ResourceProperties": properties}, meanwhile)
        self.world.running_executions.discard(execution)
        self.entered = ended.entered
        assert len(self.answers.received) == count, "nobody waits for an answer"
        return in_words(ended.error, ended.cause) if ended.error else ""

    def ask_for_turn(self, number: int) -> None:
        """As the execution of the deployment with that number does, until it has asked."""
        event = {"step": "take_turn", "execution": EXECUTION.format(number), "request": self.request(NEW, OLD)}
        with contextlib.suppress(Died):
            assert self.handler.lambda_handler(event, Context("metadata_migrator"))["state"] == "wait"
            return
        self.ask_for_turn(number)

    def _walk(
        self, execution: str, request: dict[str, Any], meanwhile: Callable[[str], None] = lambda step: None
    ) -> state_machine.Ended:
        def invoke(payload: dict[str, Any]) -> Any:
            meanwhile(payload["step"])
            try:
                return self.handler.lambda_handler(payload, Context("metadata_migrator"))
            except Died:
                raise RuntimeError("the function's process ended") from None

        def wait(seconds: float) -> None:
            self.world.now += seconds

        return state_machine.walk(execution, self.now, {"request": request}, invoke, wait)

    @property
    def now(self) -> str:
        """As Step Functions tells times."""
        return datetime.fromtimestamp(self.world.now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def set(self, **changes: Any) -> None:
        """Of the function's settings."""
        settings = self.handler.settings
        self.handler.settings = type(settings)(**vars(settings) | changes)  # type: ignore[attr-defined]

    def is_settled(self) -> bool:
        """All run as before, and nobody is held."""
        self.world.work()
        hold = HoldItem(boto3.client("dynamodb"), state_table.NAME).load()
        return self.world.counts == COUNTS and not hold.stands(self.world.now)


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch, answers: AnswerServer) -> Iterator[Deployments]:
    with mock_aws():
        yield begin(monkeypatch, answers, World())


def begin(monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, world: World) -> Deployments:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    state_table.create(boto3.client("dynamodb"))
    handler = load_handler(monkeypatch, "metadata_migrator", **ENVIRON)
    monkeypatch.setattr(handler, "clients", world.clients())
    monkeypatch.setattr(handler.time, "time", lambda: world.now)
    return Deployments(handler, answers, world)


# ---- Each way to its end -----------------------------------------------------------------------------


def test_database_that_fits_is_asked_once_and_nothing_is_stopped(deployments: Deployments) -> None:
    world = deployments.world
    assert deployments.deploy(OLD, OLD)["Status"] == "SUCCESS"
    assert [task.command for task in world.tasks.values()] == [["prepare"]]
    assert deployments.deploy(OLD, OLD)["Status"] == "SUCCESS"
    assert len(world.tasks) == 1, "the same image needs no second look"
    assert deployments.entered == [
        *("TakeTurn", "IsTurn", "Settle", "IsSettled", "Compare", "IsCompared", "Answer", "Succeeded")
    ]
    world.now += 2 * 3600
    assert deployments.deploy(OLD, OLD)["Status"] == "SUCCESS"
    assert len(world.tasks) == 2, "after a while it is asked again: somebody may have restored a backup"
    assert not world.snapshots
    assert deployments.is_settled()


def test_upgrade_moves_the_database_with_nobody_at_work(deployments: Deployments) -> None:
    world = deployments.world
    world.running_tasks_until = world.now + 900
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert world.revision == "a3"
    assert not world.migrated_with_somebody_at_work
    assert [snapshot["revision"] for snapshot in world.snapshots.values()] == ["a1"]
    assert world.queued == 0, "what the old workers have not taken is sent anew"
    assert world.now > world.running_tasks_until
    assert deployments.is_settled()


def test_downgrade_is_made_by_the_newer_image(deployments: Deployments) -> None:
    world = deployments.world
    world.revision = "a3"
    assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
    assert world.revision == "a1"
    assert [(task.image, task.command[0]) for task in world.tasks.values()] == [(OLD, "prepare"), (NEW, "reach")]
    assert deployments.is_settled()


def test_first_deployment_on_a_newer_database_says_what_to_do(deployments: Deployments) -> None:
    deployments.world.revision = "a3"
    answer = deployments.deploy(OLD, None)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("compare: the database is of a newer Airflow")
    assert "deploy an image that is at least as new" in answer["Reason"]


def test_first_deployment_on_an_older_database_migrates_it_and_holds_nobody_afterwards(
    deployments: Deployments,
) -> None:
    """Of an Airflow that ran elsewhere: there is no service to stop yet."""
    world = deployments.world
    world.counts, world.alive = {}, {}
    assert deployments.deploy(NEW, None)["Status"] == "SUCCESS"
    assert world.revision == "a3"
    assert len(world.snapshots) == 1
    assert not HoldItem(boto3.client("dynamodb"), state_table.NAME).load().stands(world.now)


def test_image_that_does_not_start_fails_before_anything_is_touched(deployments: Deployments) -> None:
    world = deployments.world
    world.start_fails = True
    answer = deployments.deploy(NEW, OLD)
    assert answer["Status"] == "FAILED"
    assert "CannotPullContainerError" in answer["Reason"]
    assert "(log: /farflow/farflow/migration, stream airflow/migration/" in answer["Reason"]
    assert "PauseScheduling" not in deployments.entered
    assert world.revision == "a1"
    assert deployments.is_settled()


@pytest.mark.parametrize("stops_at", ["a1", "a2", "a3"])
def test_failed_migration_is_taken_back(deployments: Deployments, stops_at: str) -> None:
    """Wherever it stopped, also in its last moment."""
    world = deployments.world
    world.reach_stops_at = stops_at
    answer = deployments.deploy(NEW, OLD)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("migrate: its container exited with 137")
    assert world.revision == "a1"
    assert world.instances == {DATABASE: "the present one"}
    assert deployments.is_settled()


def test_migration_that_cannot_be_taken_back_goes_back_to_its_snapshot(deployments: Deployments) -> None:
    """The restored instance has the name of the present one, and so its endpoint; that one stays under another name."""
    world = deployments.world
    world.reach_stops_at, world.way_back_fails = "a2", True
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert world.revision == "a1"
    assert world.instances.pop(DATABASE) == "a restored one"
    ((name, what),) = world.instances.items()
    assert (name.startswith("farflow-replaced-"), what) == (True, "the present one")
    assert deployments.is_settled()


def test_without_a_snapshot_the_database_left_between_is_told(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = deployments.world
    deployments.set(database_instance="")
    world.reach_stops_at, world.way_back_fails = "a2", True
    answer = deployments.deploy(NEW, OLD)
    assert "The database could not be brought back" in answer["Reason"]
    assert deployments.is_settled(), "the services are started: they wait by themselves"


def test_failed_snapshot_gives_the_upgrade_up(deployments: Deployments) -> None:
    world = deployments.world
    world.snapshot_fails = True
    answer = deployments.deploy(NEW, OLD)
    assert answer["Reason"].startswith("snapshot: RDS could not take the snapshot")
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_upgrade_goes_back_while_cloudformation_still_waits(deployments: Deployments) -> None:
    """It gives a custom resource an hour, and would not know afterwards what became of it."""
    world = deployments.world
    world.snapshot_hangs, began = True, world.now
    answer = deployments.deploy(NEW, OLD)
    assert answer["Reason"].startswith("snapshot: it has not ended after 50 minutes")
    assert world.now - began < 3600
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_tasks_that_run_for_too_long_are_not_ended(deployments: Deployments) -> None:
    world = deployments.world
    world.running_tasks_until = world.now + 24 * 3600
    answer = deployments.deploy(NEW, OLD)
    assert answer["Reason"].startswith("drain: after 30 minutes workers still ran tasks (3 of worker-default)")
    assert world.revision == "a1"
    assert world.alive["worker-default"] == 3
    assert deployments.is_settled()


def test_rollback_of_cloudformation_after_an_upgrade_goes_back(deployments: Deployments) -> None:
    """The migration succeeded, and then a service of the new version did not come up."""
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
    assert deployments.world.revision == "a1"
    assert deployments.is_settled()


def test_rollback_of_cloudformation_after_a_failed_upgrade_finds_nothing_to_do(deployments: Deployments) -> None:
    deployments.world.reach_stops_at = "a2"
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
    assert "PauseScheduling" not in deployments.entered
    assert deployments.is_settled()


def test_tag_is_asked_each_time(deployments: Deployments) -> None:
    """It may be another image today."""
    properties = deployments.properties
    deployments.properties = lambda image: properties(image) | {"Image": "registry/airflow:latest"}  # type: ignore[method-assign]
    for _ in range(2):
        assert deployments.deploy(OLD, OLD)["Status"] == "SUCCESS"
    assert len(deployments.world.tasks) == 2


def test_workers_that_are_at_zero_do_not_come_for_what_waits(deployments: Deployments) -> None:
    """They would find no Execution API, and then another database."""
    world = deployments.world
    world.counts["worker-default"] = world.alive["worker-default"] = 0
    world.backs_up_until = world.now + 1200
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert not world.migrated_with_somebody_at_work
    assert world.now > world.backs_up_until, "RDS takes no snapshot while it makes its own backup"
    assert len(world.snapshots) == 1


@pytest.mark.parametrize("workers", [0, 3])
def test_queued_tasks_are_run_first_where_it_is_asked_also_from_zero(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    deployments.set(queued_tasks="run")
    emptied: list[str] = []
    monkeypatch.setattr(World, "_sqs_delete_message_batch", lambda *_: emptied.append("some"))
    world = deployments.world
    world.counts["worker-default"] = world.alive["worker-default"] = workers
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert world.queued == 0
    assert not emptied


def test_migration_that_hangs_is_ended_and_taken_back(deployments: Deployments) -> None:
    world = deployments.world
    world.reach_hangs = True
    answer = deployments.deploy(NEW, OLD)
    assert answer["Reason"].startswith("migrate: it has not ended after 3 hours")
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_restore_that_rds_cannot_make_is_told(deployments: Deployments) -> None:
    world = deployments.world
    world.reach_stops_at, world.way_back_fails, world.restore_fails = "a2", True, True
    answer = deployments.deploy(NEW, OLD)
    assert "The database could not be brought back" in answer["Reason"]
    assert world.instances[DATABASE] == "the present one"
    assert deployments.is_settled()
    world.restore_fails, world.revision = False, "a1"  # by hand
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert world.instances[DATABASE] == "the present one", "nothing is put over what was worked on since"
    assert world.revision == "a3"


def test_only_the_newest_snapshots_are_kept(deployments: Deployments) -> None:
    for image, former in [(NEW, OLD), (OLD, NEW)] * 3:
        assert deployments.deploy(image, former)["Status"] == "SUCCESS"
    assert len(deployments.world.snapshots) == 3


# ---- The function dies anywhere ------------------------------------------------------------------------

WAYS: dict[str, tuple[dict[str, Any], str, str]] = {
    "upgrade": ({}, "SUCCESS", "a3"),
    "failed migration": ({"reach_stops_at": "a2"}, "FAILED", "a1"),
    "way back that fails": ({"reach_stops_at": "a2", "way_back_fails": True}, "FAILED", "a1"),
    "failed snapshot": ({"snapshot_fails": True}, "FAILED", "a1"),
    "image that does not start": ({"start_fails": True}, "FAILED", "a1"),
}


@pytest.mark.parametrize("way", WAYS)
def test_function_that_dies_at_any_request_changes_nothing_of_the_outcome(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, way: str
) -> None:
    """At forty of its requests to AWS: before it, or after it, when it is done and nobody has heard of it."""
    wrong, status, revision = WAYS[way]
    with mock_aws():
        world = World(**wrong)
        deployments = begin(monkeypatch, answers, world)
        assert deployments.deploy(NEW, OLD)["Status"] == status
        calls = world.calls
        assert calls > 10
        for number in range(1 + len(way) % 3, calls, max(2, calls // DEATHS)):
            world.begin_again(**wrong, dies_at=number, dies_after_it=number % 2 == 0)
            assert deployments.deploy(NEW, OLD)["Status"] == status, f"died at request {number}"
            assert world.calls > number, "it did die"
            assert world.revision == revision, f"died at request {number}"
            assert not world.migrated_with_somebody_at_work
            assert deployments.is_settled(), f"died at request {number}"


# ---- Two at once, and one that was aborted ----------------------------------------------------------------


@pytest.mark.parametrize("state", ["PauseScheduling", "Drain", "StopServices", "Snapshot", "Migrate", "StartServices"])
def test_aborted_execution_is_followed_by_one_that_brings_all_back(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, state: str
) -> None:
    """Somebody stopped it in the console; CloudFormation gives up after an hour, and asks for the version before."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        _abort(deployments, state)
        assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a1"
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.is_settled()


@pytest.mark.parametrize("times", range(1, 8))
def test_aborted_restore_is_ended_by_the_next_execution(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, times: int
) -> None:
    """Also between the two renames, when no instance has the database's name."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World(reach_stops_at="a2", way_back_fails=True))
        _abort(deployments, "Restore", times)
        was_left_alone = deployments.world.instances.get(DATABASE) == "the present one"
        assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a1"
        assert deployments.world.instances[DATABASE] == ("the present one" if was_left_alone else "a restored one")
        assert deployments.is_settled()


@pytest.mark.parametrize("state", ["Drain", "Migrate", "StartServices"])
def test_aborted_execution_is_followed_by_one_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, state: str
) -> None:
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        _abort(deployments, state)
        assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a3"
        assert deployments.is_settled()


def _abort(deployments: Deployments, state: str, times: int = 1) -> None:
    """An execution that ends after that state was taken so often."""
    taken: list[str] = []

    class AbortedError(BaseException):
        """Nothing of the execution comes any more."""

    def invoke(payload: dict[str, Any]) -> Any:
        result = deployments.handler.lambda_handler(payload, Context("metadata_migrator"))
        taken.append(payload["step"].replace("_", ""))
        if taken.count(state.lower()) == times:
            raise AbortedError
        return result

    def wait(seconds: float) -> None:
        deployments.world.now += seconds

    given = {"request": deployments.request(NEW, OLD)}
    with pytest.raises(AbortedError):
        state_machine.walk(EXECUTION.format("aborted"), deployments.now, given, invoke, wait)


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


# ---- An operator asks for a part ---------------------------------------------------------------------------


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


@pytest.mark.parametrize("state", ["PauseScheduling", "Drain", "StopServices", "Snapshot", "Migrate", "StartServices"])
def test_aborted_execution_is_followed_by_a_resume_and_by_any_deployment(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, state: str
) -> None:
    """Nobody is started while a task of the aborted one still moves the database."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        _abort(deployments, state)
        assert not deployments.ask("Resume")
        assert deployments.is_settled()
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a1"
        assert deployments.is_settled()


@pytest.mark.parametrize("times", range(1, 8))
def test_aborted_restore_is_ended_by_a_resume(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, times: int
) -> None:
    """Services would find no database, where the abort came between the two renames."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World(reach_stops_at="a2", way_back_fails=True))
        _abort(deployments, "Restore", times)
        assert not deployments.ask("Resume")
        assert DATABASE in deployments.world.instances
        assert deployments.is_settled()


def test_migration_that_hangs_in_an_aborted_execution_is_ended_before_anybody_is_started(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer
) -> None:
    with mock_aws():
        deployments = begin(monkeypatch, answers, World(reach_hangs=True))
        _abort(deployments, "Migrate", 3)
        began = deployments.world.now

        def nobody_works(step: str) -> None:
            assert step == "start_services" or not any(deployments.world.alive.values())

        assert not deployments.ask("Resume", nobody_works)
        assert deployments.world.now - began > 600
        assert deployments.world.revision == "a2"
        assert deployments.is_settled(), "each container waits for its revision by itself"
        assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a1"
        assert deployments.is_settled()


def test_nobody_is_started_beside_a_stray_migration_when_a_later_execution_asks_meanwhile(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer
) -> None:
    """The deployment that waits for it fails; what it gives back waits for it too."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        _abort(deployments, "Migrate")
        asked: list[str] = []

        def another_comes(step: str) -> None:
            if step == "settle" and not asked:
                asked.append(step)
                deployments.ask_for_turn(8)

        deployments.world.running_executions, deployments.world.start_looks = {EXECUTION.format(7)}, 6
        ended = deployments._walk(EXECUTION.format(7), deployments.request(NEW, OLD), another_comes)
        assert ended.entered[-1] == "Failed"
        assert answers.received[-1]["Reason"].startswith("settle: a later deployment")
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.is_settled(), "each container waits for its revision by itself"
        deployments.world.running_executions = set()
        assert deployments.deploy(NEW, OLD, number=8)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a3"


@pytest.mark.parametrize("failures", [9, 18])
def test_nobody_is_started_beside_a_stray_migration_when_ecs_was_away(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, failures: int
) -> None:
    """For longer than Settle is tried again, and than the way back is."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        _abort(deployments, "Migrate")
        deployments.world.list_failures, deployments.world.start_looks = failures, 6
        ended = deployments._walk(EXECUTION.format(7), deployments.request(NEW, OLD))
        assert ended.entered[-1] == "Failed"
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.deploy(NEW, OLD, number=8)["Status"] == "SUCCESS"
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.world.revision == "a3"
        assert deployments.is_settled()


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
        for number in range(1 + len(ends_by) % 3, calls, max(2, calls // DEATHS)):
            world.begin_again(dies_at=number, dies_after_it=number % 2 == 0)
            drain_and_end()
            assert world.calls > number, "it did die"
            assert world.revision == ("a3" if ends_by == "deployment" else "a1"), f"died at request {number}"
            assert not world.migrated_with_somebody_at_work
            assert deployments.is_settled(), f"died at request {number}"


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
    ended = deployments._walk(EXECUTION.format(1), request)
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
    ended = deployments._walk(execution, deployments.request(NEW, OLD), operator_comes)
    assert [answer["state"] for answer in asked] == ["wait"] * len(asked)
    assert len(asked) > 1
    assert ended.entered[-1] == "Succeeded"
    assert deployments.world.revision == "a3"
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


# ---- CloudFormation's side ----------------------------------------------------------------------------------


def test_request_begins_one_execution_however_often_it_comes(
    deployments: Deployments, answers: AnswerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("stepfunctions")
    monkeypatch.setattr(deployments.handler.clients, "stepfunctions", client)
    begun: list[dict[str, Any]] = []
    monkeypatch.setattr(client, "start_execution", lambda **given: begun.append(given))
    deployments.handler.lambda_handler(deployments.request(NEW, OLD), Context("metadata_migrator"))
    assert begun[0]["name"] == "update-request-1"

    def refuse(**_: Any) -> None:
        raise client.exceptions.ExecutionAlreadyExists({"Error": {"Code": "ExecutionAlreadyExists"}}, "StartExecution")

    monkeypatch.setattr(client, "start_execution", refuse)
    deployments.handler.lambda_handler(deployments.request(NEW, OLD), Context("metadata_migrator"))
    assert not answers.received, "the execution answers"


def test_execution_that_cannot_begin_is_answered_at_once(
    deployments: Deployments, answers: AnswerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = boto3.client("stepfunctions")
    monkeypatch.setattr(deployments.handler.clients, "stepfunctions", client)

    def refuse(**_: Any) -> None:
        raise client.exceptions.StateMachineDoesNotExist(
            {"Error": {"Code": "StateMachineDoesNotExist"}}, "StartExecution"
        )

    monkeypatch.setattr(client, "start_execution", refuse)
    deployments.handler.lambda_handler(deployments.request(NEW, OLD), Context("metadata_migrator"))
    assert answers.one()["Status"] == "FAILED"


def test_deletion_undoes_nothing(deployments: Deployments, answers: AnswerServer) -> None:
    request = {**deployments.request(OLD, None), "RequestType": "Delete"}
    deployments.handler.lambda_handler(request, Context("metadata_migrator"))
    assert answers.one()["Status"] == "SUCCESS"
    assert not deployments.world.calls


def test_missing_properties_are_all_named(deployments: Deployments, answers: AnswerServer) -> None:
    request = deployments.request(NEW, OLD)
    request["ResourceProperties"] |= {"Cluster": "", "Subnets": []}
    event = {"step": "take_turn", "execution": EXECUTION.format(1), "request": request}
    with pytest.raises(Exception, match="the custom resource lacks Cluster, Subnets"):
        deployments.handler.lambda_handler(event, Context("metadata_migrator"))
