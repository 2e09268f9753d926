"""The keeper: in which order it tells, opens, shuts and asks for protection, and what it does when nobody answers."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from farflow import worker_keeper
from farflow.task_protection import ProtectionError
from farflow.work_gate import WorkGate
from farflow.worker_item import Report
from farflow.worker_keeper import PROTECTION_RETRY_SECONDS, REPORT_SECONDS, STEP_SECONDS, WorkerKeeper
from farflow.worker_life import PROTECTION_SECONDS, Gate, Order, Phase


@dataclass
class Worker:
    """A keeper whose clock, agent, table and tasks are the test's; `happened` is what it did, in turn."""

    order: Order = Order.ACCEPT
    in_hand: int = 0
    refuses: bool = False
    is_silent: bool = False
    now: float = 1_000_000.0
    happened: list[str] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = RecordingGate(self.happened)
        doubles: Any = self
        self.keeper = WorkerKeeper(self.gate, lambda: self.in_hand, doubles, doubles, self.leave)

    def time(self) -> float:
        return self.now

    def step(self, times: int = 1) -> list[str]:
        """What happened in the last of so many steps."""
        for _ in range(times):
            self.happened.clear()
            self.keeper.step()
            self.now += STEP_SECONDS
        return list(self.happened)

    def exchange(self, report: Report) -> Order:
        self.happened.append(f"tell {report.phase}")
        if self.is_silent:
            raise EndpointConnectionError(endpoint_url="dynamodb")
        self.reports.append(report)
        return self.order

    def take(self, seconds: float) -> float:
        self.happened.append("protect")
        if self.refuses:
            raise ProtectionError("DEPLOYMENT_BLOCKED")
        return self.now + seconds

    def give_up(self) -> None:
        self.happened.append("give up")
        if self.refuses:
            raise ProtectionError("timed out")

    def leave(self) -> None:
        self.happened.append("leave")


class RecordingGate(WorkGate):
    def __init__(self, happened: list[str]) -> None:
        super().__init__()
        self._happened = happened

    def set(self, gate: Gate) -> Gate:
        self._happened.append(f"gate {gate}")
        return super().set(gate)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    worker = Worker()
    monkeypatch.setattr(worker_keeper, "time", worker)
    return worker


def test_protection_then_the_report_then_the_gate(worker: Worker) -> None:
    assert worker.step() == ["gate giving back", "tell starting", "protect"]
    assert worker.step() == ["tell accepting", "gate open"]
    assert worker.reports[-1].protected_until == worker.reports[0].reported_at + PROTECTION_SECONDS


def test_gate_is_shut_before_draining_is_told(worker: Worker) -> None:
    worker.step(2)
    worker.order = Order.DRAIN
    worker.step(int(REPORT_SECONDS))
    assert worker.step() == ["gate shut", "tell draining"]
    assert worker.step() == ["tell drained"]


def test_drained_only_when_the_open_poll_has_ended_and_the_task_too(worker: Worker) -> None:
    worker.step(2)
    poll = worker.gate.begin_poll()
    worker.order = Order.DRAIN
    worker.step(10)
    worker.in_hand = 1
    worker.gate.end_poll(poll)
    assert "tell drained" not in worker.step(10)
    worker.in_hand = 0
    assert worker.step() == ["tell drained"]


def test_drained_worker_is_called_back(worker: Worker) -> None:
    worker.order = Order.DRAIN
    worker.step(10)
    assert worker.reports[-1].phase is Phase.DRAINED
    worker.order = Order.ACCEPT
    worker.step(int(REPORT_SECONDS) + 1)
    assert worker.reports[-1].phase is Phase.ACCEPTING
    assert worker.gate.begin_poll()


def test_worker_seen_as_drained_does_not_open_before_it_could_tell(worker: Worker) -> None:
    """Else it could be told to leave, and the count lowered, while it takes work."""
    worker.order = Order.DRAIN
    worker.step(10)
    worker.order = Order.ACCEPT
    while worker.keeper._order is not Order.ACCEPT:
        worker.step()
    worker.is_silent = True
    for _ in range(20):
        assert "gate open" not in worker.step()
    worker.is_silent = False
    worker.step(int(REPORT_SECONDS))
    assert worker.gate.begin_poll()


def test_worker_told_otherwise_when_it_tells_that_it_accepts_stays_shut(worker: Worker) -> None:
    worker.order = Order.DRAIN
    worker.step(10)
    worker.order = Order.ACCEPT
    while worker.keeper._order is not Order.ACCEPT:
        worker.step()
    worker.order = Order.DRAIN
    assert worker.step() == ["tell accepting"]
    assert worker.step()[-1] == "tell drained"


@pytest.mark.parametrize(("order", "opens"), [(Order.ACCEPT, True), (Order.DRAIN, False)])
def test_last_order_counts_while_the_state_table_is_away(worker: Worker, order: Order, opens: bool) -> None:
    worker.order = order
    worker.step(10)
    worker.is_silent = True
    worker.order = Order.LEAVE
    worker.step(100)
    assert bool(worker.gate.begin_poll()) is opens


def test_worker_that_never_reached_the_state_table_accepts(worker: Worker) -> None:
    worker.is_silent = True
    worker.step(2)
    assert worker.gate.begin_poll()


def test_refused_protection_is_asked_for_again_and_the_gate_stays_shut(worker: Worker) -> None:
    worker.refuses = True
    asked = sum("protect" in worker.step() for _ in range(20))
    assert asked == 20 * STEP_SECONDS / PROTECTION_RETRY_SECONDS
    assert not worker.gate.begin_poll()
    worker.refuses = False
    worker.step(int(PROTECTION_RETRY_SECONDS) + 1)
    assert worker.gate.begin_poll()


def test_worker_told_to_leave_gives_its_protection_up_and_then_ends_once(worker: Worker) -> None:
    worker.order = Order.DRAIN
    worker.step(10)
    worker.order = Order.LEAVE
    worker.refuses = True
    worker.step(10)
    assert worker.step()[-1] == "give up"
    worker.refuses = False
    assert worker.step()[-2:] == ["give up", "leave"]
    assert worker.step(20) == []


def test_worker_told_to_stop_gives_back_at_once_and_stays_protected(worker: Worker) -> None:
    worker.step(2)
    worker.gate.begin_poll()
    worker.keeper.tell_to_stop()
    assert worker.gate.gives_back
    assert worker.step() == ["gate giving back", "tell draining"]
    assert "give up" not in worker.step(20)
    assert not worker.gate.begin_poll()


def test_sigterm_between_a_decision_to_open_and_the_opening_wins(worker: Worker) -> None:
    exchange = worker.exchange

    def interrupted(report: Report) -> Order:
        if report.phase is Phase.ACCEPTING:
            worker.keeper.tell_to_stop()
        return exchange(report)

    worker.exchange = interrupted  # type: ignore[method-assign]
    worker.step(2)
    assert worker.gate.gives_back
    assert not worker.gate.begin_poll()


def test_worker_outside_ecs_accepts_and_ends_without_anybody_s_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = WorkGate()
    keeper = worker_keeper.keeper({}, gate, lambda: 0)
    keeper.step()
    assert gate.begin_poll()
    sent: list[int] = []
    monkeypatch.setattr(worker_keeper.os, "kill", lambda _, number: sent.append(number))
    keeper._leave()
    assert sent == [signal.SIGTERM]
