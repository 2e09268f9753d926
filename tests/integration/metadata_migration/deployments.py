"""The real handler under the real state machine's definition: deployments and an operator's requests, each to its end."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from control_plane.state_failure import in_words
from tests.integration import state_table
from tests.integration.custom_resources import AnswerServer, Context, load_handler
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

        self.entered = self.walk(execution, self.request(image, former)).entered
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
        ended = self.walk(execution, {"RequestType": kind, "ResourceProperties": properties}, meanwhile)
        self.world.running_executions.discard(execution)
        self.entered = ended.entered
        assert len(self.answers.received) == count, "nobody waits for an answer"
        return in_words(ended.error, ended.cause) if ended.error else ""

    def ask_for_turn(self, number: int) -> None:
        """As the execution of the deployment with that number does, until it has asked."""
        self.world.running_executions.add(EXECUTION.format(number))
        event = {"step": "take_turn", "execution": EXECUTION.format(number), "request": self.request(NEW, OLD)}
        with contextlib.suppress(Died):
            assert self.handler.lambda_handler(event, Context("metadata_migrator"))["state"] == "wait"
            return
        self.ask_for_turn(number)

    def walk(
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
        """All run as before, nobody is held, no task was sent twice, and nothing is left that would move the database."""
        self.world.work()
        is_held = self.world.hold.load().stands(self.world.now)
        is_as_before = self.world.counts == COUNTS and not is_held
        return is_as_before and not self.world.was_sent_twice and not self.world.image_tasks


def begin(monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, world: World) -> Deployments:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    state_table.create(world.dynamodb)
    handler = load_handler(monkeypatch, "metadata_migrator", **ENVIRON)
    monkeypatch.setattr(handler, "clients", world.clients())
    monkeypatch.setattr(handler.time, "time", lambda: world.now)
    return Deployments(handler, answers, world)


def abort(deployments: Deployments, state: str, times: int = 1, images: tuple[str, str] = (NEW, OLD)) -> None:
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

    given = {"request": deployments.request(*images)}
    with pytest.raises(AbortedError):
        state_machine.walk(EXECUTION.format("aborted"), deployments.now, given, invoke, wait)
