"""The worker's item, written by the worker and read by the scaler: both sides are the real ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from control_plane.worker_scaling import fleet
from control_plane.worker_scaling.scaling_state import Lease, ScalingState
from control_plane.worker_scaling.worker_service import _worker
from farflow.worker_item import KEEP_SECONDS, Report, WorkerItem
from farflow.worker_life import Order, Phase
from tests.integration import state_table

AT = 1_000_000.0
ACCEPTING = Report(Phase.ACCEPTING, AT, active=2, protected_until=AT + 86400, idle_since=None, accepting_since=AT - 5)
DRAINED = Report(Phase.DRAINED, AT + 5, active=0, protected_until=AT + 86400, idle_since=AT + 4, accepting_since=AT - 5)


@pytest.fixture
def item(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> WorkerItem:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return WorkerItem(state_table.NAME, "0123", group="default", hostname="10.0.0.1", revision="worker:7")


def seen(state: ScalingState, now: float) -> fleet.Worker:
    """The worker as the scaler's own code reads it."""
    task = {"createdAt": datetime.fromtimestamp(AT - 60, UTC), "taskDefinitionArn": "worker:7"}
    return _worker("0123", task, state.workers(["0123"]).get("0123", {}), "worker:7", 75.0, now)


def test_report_is_what_the_scaler_reads(item: WorkerItem, state: ScalingState) -> None:
    assert item.exchange(ACCEPTING) is Order.ACCEPT
    assert seen(state, AT + 1) == fleet.Worker(
        "0123",
        phase=fleet.Phase.ACCEPTING,
        order=fleet.Order.ACCEPT,
        hostname="10.0.0.1",
        accepts_at=AT + 15,
        active=2,
        idle_since=None,
        protected_until=AT + 86400,
    )
    assert state.workers(["0123"])["0123"]["accepting_since"] == AT - 5


def test_order_is_heard_with_the_report_and_stays_through_it(item: WorkerItem, state: ScalingState) -> None:
    item.exchange(ACCEPTING)
    assert state.order("0123", fleet.Order.DRAIN, Lease("default", 1))
    assert item.exchange(DRAINED) is Order.DRAIN
    worker = seen(state, AT + 6)
    assert (worker.phase, worker.order, worker.idle_since) == (fleet.Phase.DRAINED, fleet.Order.DRAIN, AT + 4)
    assert state.order("0123", fleet.Order.LEAVE, Lease("default", 1))
    assert item.exchange(DRAINED) is Order.LEAVE


def test_order_given_before_the_first_report_is_heard(item: WorkerItem, state: ScalingState) -> None:
    assert state.order("0123", fleet.Order.DRAIN, Lease("default", 1))
    assert item.exchange(ACCEPTING) is Order.DRAIN


def test_worker_with_work_is_idle_no_more(item: WorkerItem, state: ScalingState) -> None:
    item.exchange(DRAINED)
    item.exchange(Report(Phase.ACCEPTING, AT + 9, 1, AT + 86400, idle_since=None, accepting_since=AT - 5))
    assert seen(state, AT + 10).idle_since is None


def test_report_that_was_long_on_its_way_changes_nothing(item: WorkerItem, state: ScalingState) -> None:
    """Also not the other way: the same report once more, as a client's second attempt, is none."""
    item.exchange(DRAINED)
    item.exchange(DRAINED)
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        item.exchange(ACCEPTING)
    assert seen(state, AT + 6).phase is fleet.Phase.DRAINED


def test_worker_outside_ecs_has_a_protection_that_can_be_written(item: WorkerItem, state: ScalingState) -> None:
    item.exchange(Report(Phase.ACCEPTING, AT, 0, float("inf"), None, None))
    assert seen(state, AT + 1).protected_until == AT + KEEP_SECONDS
