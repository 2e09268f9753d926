"""Fills a metadata database that has Airflow's schema with the rows of a long past and of a busy moment, by SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import psycopg

TASKS = ("extract", "clean", "join", "check", "load")
"""One after the other."""


@dataclass(frozen=True)
class Load:
    """How much there is."""

    dags: int
    versions: int
    """Of each DAG."""
    past_runs: int
    """Ended, of each DAG, one every five minutes."""
    active_runs: int
    """In all, no more than there are DAGs: the first task is done, the second runs, the others wait for it."""
    queued: int
    """Task instances, of as many more active runs."""
    scheduled: int
    """Of one mapped task."""
    retrying: int
    rescheduled: int
    """Sensors that will look again, each after some looks."""

    @property
    def task_instances(self) -> int:
        return self.dags * self.past_runs * len(TASKS)


def serialized(dag_id: str) -> dict[str, Any]:
    """As Airflow 3.3 writes it."""
    tasks = []
    for number, task_id in enumerate(TASKS):
        below = TASKS[number + 1 : number + 2]
        tasks.append({"__type": "operator", "__var": {"task_id": task_id, "downstream_task_ids": list(below)}})
    group = {"_group_id": None, "children": {task_id: ["operator", task_id] for task_id in TASKS}}
    timetable = {"__type": "airflow.timetables.trigger.CronTriggerTimetable", "__var": {"expression": "*/5 * * * *"}}
    return {"__version": 3, "dag": {"dag_id": dag_id, "tasks": tasks, "task_group": group, "timetable": timetable}}


def fill(connection: psycopg.Connection[Any], load: Load, now: float) -> None:
    """Put the rows there, and have the planner look at them."""
    values = {**load.__dict__, "now": now, "tasks": list(TASKS), "data": json.dumps(serialized("DAG"))}
    for statement in (*_DAGS, *_RUNS, *_TASK_INSTANCES, *_MOMENT):
        connection.execute(statement, values)
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False


_DAGS = (
    "INSERT INTO dag_bundle (name, active) VALUES ('releases', true) ON CONFLICT DO NOTHING",
    """
    INSERT INTO dag (dag_id, is_paused, is_stale, exceeds_max_non_backfill, bundle_name, timetable_type, max_active_tasks,
                     max_active_runs, max_consecutive_failed_dag_runs, has_task_concurrency_limits, has_import_errors,
                     partition_mapper_info, next_dagrun_create_after)
    SELECT 'dag_' || d, false, false, false, 'releases', '', 16, 16, 0, false, false,
           '[]', to_timestamp(%(now)s) + make_interval(secs => 15 * d)
    FROM generate_series(1, %(dags)s) d
    """,
    """
    INSERT INTO dag_version (id, version_number, dag_id, bundle_name, created_at, last_updated)
    SELECT gen_random_uuid(), version, 'dag_' || d, 'releases', to_timestamp(%(now)s), to_timestamp(%(now)s)
    FROM generate_series(1, %(dags)s) d, generate_series(1, %(versions)s) version
    """,
    """
    INSERT INTO serialized_dag (id, dag_id, data, created_at, last_updated, dag_hash, dag_version_id)
    SELECT gen_random_uuid(), dag_id, replace(%(data)s, 'DAG', dag_id)::jsonb, created_at, last_updated, md5(id::text), id
    FROM dag_version
    """,
)
_RUNS = (
    """
    INSERT INTO dag_run (dag_id, run_id, state, run_type, logical_date, run_after, start_date, end_date, clear_number,
                         span_status, bundle_version, created_dag_version_id)
    SELECT 'dag_' || d, 'past_' || r, 'success', 'scheduled', at, at, at, at + interval '2 min', 0, 'ended', 'r1', v.id
    FROM generate_series(1, %(dags)s) d
    JOIN dag_version v ON v.dag_id = 'dag_' || d AND v.version_number = %(versions)s,
         generate_series(1, %(past_runs)s) r,
         LATERAL (SELECT to_timestamp(%(now)s) - make_interval(mins => 5 * r)) past(at)
    """,
    """
    INSERT INTO dag_run (dag_id, run_id, state, run_type, logical_date, run_after, start_date, clear_number, span_status,
                         bundle_version, created_dag_version_id)
    SELECT 'dag_' || 1 + r %% %(dags)s, 'active_' || r, 'running',
           CASE WHEN r %% 10 = 0 THEN 'manual' ELSE 'scheduled' END, at, at, at, 0, 'active', 'r1', v.id
    FROM generate_series(1, %(active_runs)s + %(queued)s) r
    JOIN dag_version v ON v.dag_id = 'dag_' || 1 + r %% %(dags)s AND v.version_number = %(versions)s,
         LATERAL (SELECT to_timestamp(%(now)s) - make_interval(secs => 60 + r * 0.001)) past(at)
    """,
)
_COLUMNS = """id, dag_id, run_id, task_id, map_index, state, start_date, end_date, duration, try_number, max_tries, hostname,
              pool, pool_slots, queue, priority_weight, queued_dttm, scheduled_dttm, span_status, dag_version_id"""
_TASK_INSTANCES = (
    f"""
    INSERT INTO task_instance ({_COLUMNS})
    SELECT gen_random_uuid(), r.dag_id, r.run_id, t.task_id, -1, 'success', r.start_date, r.start_date + seconds,
           extract(epoch FROM seconds), 1, 0, 'worker-' || t.number, 'default_pool', 1, 'default', 1, r.start_date,
           r.start_date, 'ended', r.created_dag_version_id
    FROM dag_run r, unnest(%(tasks)s::text[]) WITH ORDINALITY t(task_id, number),
         LATERAL (SELECT make_interval(secs => 3 * t.number + (r.id %% 7))) past(seconds)
    WHERE r.state = 'success'
    """,  # noqa: S608 - nothing in it comes from outside
    f"""
    INSERT INTO task_instance ({_COLUMNS})
    SELECT gen_random_uuid(), r.dag_id, r.run_id, t.task_id, -1,
           CASE WHEN t.number = 1 THEN 'success' WHEN t.number > 2 THEN NULL
                WHEN substr(r.run_id, 8)::int > %(active_runs)s THEN 'queued' ELSE 'running' END,
           CASE WHEN t.number <= 2 THEN r.start_date END, NULL, NULL, 1, 0, 'worker-' || r.id %% 50, 'default_pool', 1,
           'default', 1, r.start_date, r.start_date, 'active', r.created_dag_version_id
    FROM dag_run r, unnest(%(tasks)s::text[]) WITH ORDINALITY t(task_id, number)
    WHERE r.state = 'running'
    """,  # noqa: S608
)
_MOMENT = (
    f"""
    INSERT INTO task_instance ({_COLUMNS})
    SELECT gen_random_uuid(), r.dag_id, r.run_id, 'mapped', m, 'scheduled', NULL, NULL, NULL, 0, 0, '', 'default_pool', 1,
           'default', 1, NULL, to_timestamp(%(now)s), 'active', r.created_dag_version_id
    FROM (SELECT * FROM dag_run WHERE state = 'running' ORDER BY id LIMIT 1) r, generate_series(1, %(scheduled)s) m
    """,  # noqa: S608
    f"""
    INSERT INTO task_instance ({_COLUMNS})
    SELECT gen_random_uuid(), r.dag_id, r.run_id, 'asleep', m,
           CASE WHEN m <= %(retrying)s THEN 'up_for_retry' ELSE 'up_for_reschedule' END, r.start_date, r.start_date, 1, 1,
           3, 'worker-1', 'default_pool', 1, 'default', 1, r.start_date, r.start_date, 'active', r.created_dag_version_id
    FROM (SELECT * FROM dag_run WHERE state = 'running' ORDER BY id DESC LIMIT 1) r,
         generate_series(1, %(retrying)s + %(rescheduled)s) m
    """,  # noqa: S608
    """
    INSERT INTO task_reschedule (ti_id, start_date, end_date, duration, reschedule_date)
    SELECT id, at, at, 1, at + interval '60 s'
    FROM task_instance, generate_series(1, 20) look,
         LATERAL (SELECT to_timestamp(%(now)s) - make_interval(secs => 60 * look)) past(at)
    WHERE state = 'up_for_reschedule' OR (task_id = 'check' AND run_id LIKE 'past%%0' AND look <= 2)
    """,
)
