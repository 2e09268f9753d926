"""`make upgrade` and `make resume`: what they do, and tell, of each way that a drain and a deployment can go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local import drain_ahead, layout
from local.drain_ahead import DrainAhead, DrainError
from local.upgrade_machine import Execution

DRAINING, DRAINED = Execution("RUNNING", "Drain"), Execution("RUNNING", "AwaitDeployment")
DONE = Execution("SUCCEEDED")


@dataclass
class Machine:
    """Whose executions do as they are told by `looks`."""

    looks: list[Execution | Exception | type[BaseException]]
    is_deploying: list[bool] = field(default_factory=lambda: [False])
    present: list[Mapping[str, int]] = field(default_factory=list)
    begun: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def begin(self, kind: Literal["Drain", "Resume"], **properties: Any) -> str:
        self.begun.append((kind, properties))
        return kind

    def look(self, execution: str) -> Execution:
        if execution == "Resume":
            return DONE
        seen = self.looks.pop(0)
        if isinstance(seen, Execution):
            return seen
        raise seen

    def workers(self) -> Mapping[str, int]:
        return self.present.pop(0) if self.present else {"large": 1, "default": 2}

    def is_being_deployed(self) -> bool:
        return self.is_deploying.pop(0)

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.begun]


@dataclass
class Deployment:
    """`sam deploy`, with its exit status."""

    status: int = 0
    count: int = 0

    def __call__(self) -> int:
        self.count += 1
        return self.status


@pytest.fixture
def said() -> Iterator[list[str]]:
    lines: list[str] = []
    yield lines
    assert all(lines)


def drain_ahead_of(machine: Machine, said: list[str], sleep: Callable[[float], None] = lambda _: None) -> DrainAhead:
    return DrainAhead(machine, said.append, sleep)


def test_deployment_begins_when_nobody_works(said: list[str]) -> None:
    machine, deployment = Machine([DRAINING, DRAINING, DRAINED, DONE]), Deployment()
    assert drain_ahead_of(machine, said).upgrade(1.5, deployment) == 0
    assert deployment.count == 1
    assert machine.begun == [("Drain", {"DrainMinutes": 90})]
    assert said == [
        "no task begins any more; those that run have 1.5 h",
        "Drain: 2 of default, 1 of large still work",
        "nobody works",
    ]


def test_page_shows_what_is_printed(said: list[str]) -> None:
    """Its times are those at which this looks and tells."""
    page = (layout.ROOT / "docs" / "upgrading.md").read_text()
    (shown,) = re.findall(r"\$ make upgrade ENV=prod DRAIN_HOURS=2\n(.*?)```", page, re.DOTALL)
    now, times = 22 * 3600.0, []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    def say(line: str) -> None:
        times.append(f"{now // 3600:02.0f}:{now // 60 % 60:02.0f}:{now % 60:02.0f}")
        said.append(line)

    class Day(Machine):
        def look(self, execution: str) -> Execution:
            began = now - 22 * 3600
            return (
                Execution("RUNNING", "TakeTurn" if began < 5 else "Drain") if began < 1500 else super().look(execution)
            )

        def workers(self) -> Mapping[str, int]:
            return {"default": 3, "large": 1} if now - 22 * 3600 < 400 else {"large": 1}

    DrainAhead(Day([DRAINED, DONE]), say, sleep).upgrade(2, Deployment())
    assert shown.splitlines() == [f"{when}  {line}" for when, line in zip(times, said, strict=True)]


@pytest.mark.parametrize("status", [0, 1])
def test_drain_that_the_deployment_has_left_alone_is_ended(said: list[str], status: int) -> None:
    """There was nothing to migrate, the user declined, or it failed before it came so far."""
    machine = Machine([DRAINED, DRAINED], is_deploying=[False, False])
    assert drain_ahead_of(machine, said).upgrade(8, Deployment(status)) == status
    assert machine.kinds == ["Drain", "Resume"]


def test_drain_that_was_aborted_while_sam_asked_is_followed_by_a_resume(said: list[str]) -> None:
    machine = Machine([DRAINED, Execution("ABORTED")], is_deploying=[False])
    assert drain_ahead_of(machine, said).upgrade(8, Deployment(1)) == 1
    assert machine.kinds == ["Drain", "Resume"]


def test_drain_waits_for_a_deployment_that_goes_on_without_sam(said: list[str]) -> None:
    machine = Machine([DRAINED, DRAINED], is_deploying=[False, True])
    assert drain_ahead_of(machine, said).upgrade(8, Deployment(1)) == 1
    assert machine.kinds == ["Drain"]


@pytest.mark.parametrize(
    ("end", "reason", "resumes"),
    [
        (Execution("FAILED", reason="after 8 hours workers still ran tasks"), "after 8 hours workers still ran", True),
        (DONE, "has taken over", False),
        (Execution("ABORTED"), r"the drain's execution is ABORTED\. All was started again", True),
    ],
)
def test_drain_that_does_not_come_to_its_end_is_followed_by_no_deployment(
    said: list[str], end: Execution, reason: str, resumes: bool
) -> None:
    machine, deployment = Machine([DRAINING, end]), Deployment()
    with pytest.raises(DrainError, match=reason):
        drain_ahead_of(machine, said).upgrade(8, deployment)
    assert deployment.count == 0
    assert machine.kinds == ["Drain", *["Resume"] * resumes]


def test_interrupted_drain_starts_all_again(said: list[str]) -> None:
    machine, deployment = Machine([DRAINING, KeyboardInterrupt]), Deployment()
    with pytest.raises(KeyboardInterrupt):
        drain_ahead_of(machine, said).upgrade(8, deployment)
    assert deployment.count == 0
    assert machine.kinds == ["Drain", "Resume"]


def test_network_that_goes_away_ends_no_drain(said: list[str]) -> None:
    away = EndpointConnectionError(endpoint_url="https://states.eu-west-1.amazonaws.com")
    machine, deployment = Machine([DRAINING, away, DRAINED, DONE]), Deployment()
    assert drain_ahead_of(machine, said).upgrade(8, deployment) == 0
    assert deployment.count == 1


def test_login_that_has_expired_is_told_with_what_becomes_of_the_drain(said: list[str]) -> None:
    expired = ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "DescribeExecution")
    machine, deployment = Machine([DRAINING, expired]), Deployment()
    with pytest.raises(DrainError, match=r"ExpiredToken.*`make upgrade` takes it up where it is"):
        drain_ahead_of(machine, said).upgrade(8, deployment)
    assert deployment.count == 0


def test_drain_is_not_begun_while_cloudformation_deploys(said: list[str]) -> None:
    """It would end that deployment's own draining."""
    machine = Machine([], is_deploying=[True])
    with pytest.raises(DrainError, match="CloudFormation deploys already"):
        drain_ahead_of(machine, said).upgrade(8, Deployment())
    assert not machine.begun


def test_what_does_not_change_is_told_now_and_then(said: list[str]) -> None:
    looks = int(3600 / drain_ahead.LOOK_SECONDS)
    machine = Machine([*[DRAINING] * looks, DRAINED, DONE])
    drain_ahead_of(machine, said).upgrade(8, Deployment())
    assert said.count("Drain: 2 of default, 1 of large still work") == 6


@pytest.mark.parametrize("text", ["0", "-1", "21", "eight", "nan"])
def test_hours_that_no_drain_can_have_are_refused(text: str) -> None:
    with pytest.raises(DrainError, match=f"DRAIN_HOURS={text} is no number of hours, at most 20"):
        drain_ahead.wanted_hours(text)


def test_hours_are_eight_unless_others_are_asked_for() -> None:
    assert (drain_ahead.wanted_hours(""), drain_ahead.wanted_hours("0.5")) == (8.0, 0.5)
