"""The state table's items of scaling, against moto's DynamoDB."""

from typing import Any

import pytest

from control_plane.worker_scaling.fleet import Order, Phase
from control_plane.worker_scaling.scaling_state import Lease, ScalingState
from control_plane.worker_scaling.workload import Work, Workload
from tests.integration import state_table
from tests.integration.worker_scaling.ecs_service import NOW, EcsService


def test_lease_is_one_s_at_a_time_and_each_has_a_higher_token(state: ScalingState) -> None:
    first = state.acquire("default", NOW, 90)
    assert first is not None
    assert state.acquire("default", NOW + 89, 90) is None
    assert state.acquire("large", NOW, 90) is not None
    second = state.acquire("default", NOW + 90, 90)
    assert second is not None
    assert second.token > first.token
    assert not state.extend(first, NOW + 91, 90)
    state.release(first)  # somebody else's by now
    assert state.acquire("default", NOW + 92, 90) is None
    state.release(second)
    assert state.acquire("default", NOW + 93, 90) is not None


def test_order_of_an_earlier_lease_is_not_heard_after_a_later_one_s(state: ScalingState, ecs: EcsService) -> None:
    ecs.start("a", phase=Phase.ACCEPTING)
    assert state.order("a", Order.DRAIN, Lease("default", 2))
    assert not state.order("a", Order.ACCEPT, Lease("default", 1))
    assert ecs.order_of("a") == "drain"
    assert state.order("a", Order.ACCEPT, Lease("default", 2))


@pytest.mark.parametrize(
    ("phase", "order", "heard"),
    [
        (Phase.DRAINED, Order.DRAIN, True),
        (Phase.DRAINED, Order.ACCEPT, False),
        (Phase.DRAINING, Order.DRAIN, False),
        (Phase.ACCEPTING, Order.DRAIN, False),
        (Phase.STARTING, Order.DRAIN, False),
    ],
)
def test_only_a_drained_worker_that_was_told_to_drain_is_told_to_leave(
    state: ScalingState, ecs: EcsService, phase: Phase, order: Order, heard: bool
) -> None:
    ecs.start("a", phase=phase, order=order)
    assert state.order("a", Order.LEAVE, Lease("default", 1)) is heard


def test_older_workload_never_takes_the_place_of_a_newer_one(state: ScalingState) -> None:
    newer, older = Workload(NOW, waiting=(Work(NOW, 1.0, 2),)), Workload(NOW - 1)
    assert state.workload("default") is None
    state.save_workload("default", newer)
    state.save_workload("default", older)
    assert state.workload("default") == newer


def test_workload_of_another_version_is_none(state: ScalingState, dynamodb: Any) -> None:
    dynamodb.put_item(TableName=state_table.NAME, Item={"id": {"S": "workload#default"}, "workload": {"S": "other"}})
    assert state.workload("default") is None


def test_items_of_many_workers_are_read(state: ScalingState, ecs: EcsService) -> None:
    """More than one request takes; those that said nothing yet are missing."""
    for number in range(130):
        ecs.start(str(number), phase=Phase.ACCEPTING)
    found = state.workers(str(number) for number in range(140))
    assert set(found) == {str(number) for number in range(130)}
    assert found["7"]["phase"] == "accepting"
    assert found["7"]["protected_until"] == NOW + 86400
