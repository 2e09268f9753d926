"""What is taken for admissible, against Airflow's own scheduler on the same database."""

import json
import random
import subprocess
from collections import Counter
from collections.abc import Iterator

import pytest

from local import layout
from local.metadata_database import DATABASE, MetadataDatabase
from tests.integration.workload_metrics.conftest import AIRFLOW_SIDE, LOGICAL_DATE, World, copy_of
from workload_metrics.durations import Durations
from workload_metrics.forecast import forecast
from workload_metrics.metadata_database import StructureCache, observe

NOW = LOGICAL_DATE.timestamp() + 600
WORLDS = 40

RUNS = ("first", "second", "third")

MORE_RUNS = [
    "UPDATE task_instance SET executor = NULL",
    """
    INSERT INTO dag_run (dag_id, run_id, state, run_type, logical_date, run_after, clear_number, span_status,
                         bundle_version, created_dag_version_id)
    SELECT dag_id, run.id, 'running', run_type, logical_date + run.number * interval '1 min', run_after, 0, 'active',
           bundle_version, created_dag_version_id
    FROM dag_run, (VALUES ('second', 1), ('third', 2)) run(id, number)
    """,
    """
    INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, try_number, max_tries, hostname, pool, pool_slots,
                               queue, priority_weight, span_status, dag_version_id)
    SELECT gen_random_uuid(), dag_id, run.id, task_id, map.index, 1, 0, '', pool, pool_slots, queue, priority_weight,
           'active', dag_version_id
    FROM task_instance, (VALUES ('first', 1), ('second', 0), ('third', 0)) run(id, start), generate_series(0, 3) map(index)
    WHERE map.index >= run.start AND (map.index = 0 OR task_id IN ('double', 'group.inside'))
    """,
    "UPDATE dag_run SET logical_date = logical_date + hashtext(dag_id) % 1000 * interval '1 ms'",
]
"""Three runs of each DAG, and more instances of two mapped tasks."""


def statements(chance: random.Random, world: World, *, few_active: bool) -> list[str]:
    """`few_active`: runs have more tasks to do than they may at once, and then nothing but that and full pools stops them.

    Airflow looks only at a run's first max_active_tasks; those of them that another limit stops keep the rest out.
    """
    made = [
        f"UPDATE slot_pool SET slots = {chance.choice([-1, -1, 0] if few_active else [-1, 0, 2, 6, 12, 24])},"
        f" include_deferred = {chance.choice(['true', 'false'])} WHERE pool = '{pool}'"
        for pool in ("narrow", "default_pool")
    ]
    for (dag_id,) in world.airflow.execute("SELECT dag_id FROM dag ORDER BY 1").fetchall():
        made.append(
            f"UPDATE dag SET max_active_tasks = {chance.randint(1, 6) if few_active else 99},"
            f" is_paused = {'true' if chance.random() < 0.1 else 'false'} WHERE dag_id = '{dag_id}'"
        )
    tasks = world.airflow.execute("SELECT DISTINCT dag_id, task_id FROM task_instance ORDER BY 1, 2").fetchall()
    weights = list(range(len(tasks)))
    chance.shuffle(weights)
    for (dag_id, task_id), weight in zip(tasks, weights, strict=True):
        made.append(
            f"UPDATE task_instance SET pool = '{chance.choice(['narrow', 'default_pool'])}',"
            f" pool_slots = {chance.choice([1, 1, 2, 3])}, priority_weight = {weight}, queue = dag_id || '/' || run_id || '/' || task_id"
            f" WHERE dag_id = '{dag_id}' AND task_id = '{task_id}'"
        )
    states = ["scheduled"] * 12 + ["running", "queued", "deferred", "success"]
    rows = [
        f"('{dag_id}', '{run_id}', '{task_id}', {map_index},"
        f" '{'success' if few_active and task_id == 'double' else chance.choice(states)}')"
        for dag_id, task_id in tasks
        for run_id in RUNS
        for map_index in range(-1, 4)
    ]
    made.append(
        f"UPDATE task_instance ti SET state = new.state FROM (VALUES {', '.join(rows)})"
        " new(dag_id, run_id, task_id, map_index, state) WHERE (ti.dag_id, ti.run_id, ti.task_id, ti.map_index)"
        " = (new.dag_id, new.run_id, new.task_id, new.map_index)"
    )
    return made


@pytest.fixture(scope="module")
def world(server: MetadataDatabase, filled: tuple[str, object]) -> Iterator[World]:
    for world in copy_of(server, filled[0]):
        for statement in MORE_RUNS:
            world.airflow.execute(statement)
        yield world


def by_airflow(world: World, worlds: list[dict[str, object]]) -> list[list[str]]:
    url = world.server.sqlalchemy_url.removesuffix(f"/{DATABASE}") + f"/{world.name}"
    result = subprocess.run(
        [layout.environment_python("airflow"), AIRFLOW_SIDE / "admit.py"],
        env={**world.server.airflow_environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url},
        input=json.dumps(worlds),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    answers: list[list[str]] = json.loads(result.stdout.splitlines()[-1])
    return answers


def by_us(world: World, room: int) -> Counter[str]:
    observation, structures = observe(world.metrics, StructureCache(), NOW, 0.0)
    busy = sum(each.count for each in observation.instances if each.state in {"running", "queued"})
    made = forecast(observation, structures, Durations(), NOW, parallelism=busy + room)
    waiting = Counter({queue: sum(work.count for work in found.waiting) for queue, found in made.workloads.items()})
    waiting.subtract({each.queue: each.count for each in observation.instances if each.state == "queued"})
    return +waiting


@pytest.mark.parametrize("few_active", [True, False])
def test_admissible_is_what_airflow_s_scheduler_queues(world: World, few_active: bool) -> None:
    """With random pools, limits, priorities and states; Airflow's code runs on the database itself."""
    chance = random.Random(20261128)
    worlds = [
        {"statements": statements(chance, world, few_active=few_active), "room": chance.choice([2, 8, 50, 50])}
        for _ in range(WORLDS)
    ]
    answers = by_airflow(world, worlds)
    admitted = 0
    for number, (made, answer) in enumerate(zip(worlds, answers, strict=True)):
        for statement in made["statements"]:
            world.airflow.execute(statement)
        assert by_us(world, made["room"]) == Counter(answer), (number, made["room"])
        admitted += len(answer)
    assert admitted > 5 * WORLDS  # else the worlds are too full to show anything
