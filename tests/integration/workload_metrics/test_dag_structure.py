"""What is read of DAGs that Airflow itself serialized, held against what Airflow says of them."""

import json
import zlib
from typing import Any

import pytest

from tests.integration.workload_metrics.conftest import World
from workload_metrics.dag_structure import DagStructure, UnknownStructureError, load


def serialized(world: World, dag_id: str) -> Any:
    return world.airflow.execute("SELECT data FROM serialized_dag WHERE dag_id = %s", [dag_id]).fetchone()[0]


@pytest.fixture
def everything(world: World) -> DagStructure:
    return load(serialized(world, "everything"))


def test_edges_lead_both_ways(everything: DagStructure) -> None:
    tasks = everything.tasks
    assert tasks["double"].upstream == {"numbers"}
    assert tasks["double"].downstream == {"group.inside"}
    assert tasks["empty"].upstream == {"wait", "group.inside"}
    assert tasks["drop"].upstream == {"make", "local"}
    assert {name for name, task in tasks.items() if not task.upstream} == {"numbers", "wait", "make"}


def test_task_s_own_settings_are_read_mapped_or_not(everything: DagStructure) -> None:
    numbers, double = everything.tasks["numbers"], everything.tasks["double"]
    assert (numbers.queue, numbers.pool, numbers.pool_slots, numbers.retry_delay_seconds) == ("big", "narrow", 2, 30.0)
    assert (double.queue, double.pool, double.retry_delay_seconds) == ("big", "default_pool", 30.0)
    assert (double.retry_exponential_backoff, double.max_retry_delay_seconds) == (2.0, 120.0)
    assert (double.max_active_tis_per_dag, double.max_active_tis_per_dagrun) == (3, 2)
    assert everything.tasks["local"].executor == "LocalExecutor"
    assert everything.tasks["wait"].queue is None
    assert everything.tasks["empty"].trigger_rule == "none_failed"


def test_mapped_are_those_of_a_mapped_group_too(everything: DagStructure) -> None:
    assert {name for name, task in everything.tasks.items() if task.is_mapped} == {"double", "group.inside"}


def test_only_the_sensor_gives_its_slot_back(everything: DagStructure) -> None:
    assert {name for name, task in everything.tasks.items() if task.is_rescheduled} == {"wait"}


def test_task_takes_a_slot_where_airflow_says_so(everything: DagStructure, filled: tuple[str, dict[str, Any]]) -> None:
    assert {name: task.takes_slot for name, task in everything.tasks.items()} == filled[1]["takes_slot"]


def test_priority_is_the_one_that_airflow_wrote_for_each_task_instance(world: World) -> None:
    for dag_id, task_id, weight in world.airflow.execute("SELECT dag_id, task_id, priority_weight FROM task_instance"):
        assert load(serialized(world, dag_id)).tasks[task_id].priority_weight == weight, task_id


def test_each_minute_s_schedule_has_a_period(world: World) -> None:
    periods = {dag_id: load(serialized(world, dag_id)).period_seconds for dag_id in ("each_minute", "everything")}
    assert periods == {"each_minute": 60.0, "everything": None}


def test_compressed_data_is_the_same(world: World, everything: DagStructure) -> None:
    """As `[core] compress_serialized_dags` leaves it."""
    data = json.dumps(serialized(world, "everything"), sort_keys=True).encode()
    assert load(None, zlib.compress(data)) == everything


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        [],
        "",
        "{",
        {"__version": 1, "dag": {}},
        {"__version": 4, "dag": {}},
        {"__version": 3},
        {"__version": 3, "dag": {"tasks": 1}},
    ],
)
def test_other_data_is_unknown(data: Any) -> None:
    with pytest.raises(UnknownStructureError):
        load(data)


def test_damaged_compressed_data_is_unknown() -> None:
    with pytest.raises(UnknownStructureError):
        load(None, b"damaged")


@pytest.mark.parametrize("key", ["tasks", "task_group", "dag_id"])
def test_missing_part_is_unknown(world: World, key: str) -> None:
    data = serialized(world, "everything")
    del data["dag"][key]
    with pytest.raises(UnknownStructureError):
        load(data)


def test_edge_to_no_task_is_unknown(world: World) -> None:
    data = serialized(world, "everything")
    data["dag"]["tasks"][0]["__var"]["downstream_task_ids"] = ["nowhere"]
    with pytest.raises(UnknownStructureError):
        load(data)


def test_circle_is_unknown(world: World) -> None:
    data = serialized(world, "each_minute")
    for task in data["dag"]["tasks"]:
        task["__var"]["downstream_task_ids"] = ["first"]
    with pytest.raises(UnknownStructureError):
        load(data)
