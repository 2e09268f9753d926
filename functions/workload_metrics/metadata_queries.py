"""The queries on Airflow's metadata database: the tables of Airflow 3.2 and 3.3, each query bounded by an index.

The role that they run as may read the columns that are named here and no others: `airflow/farflow/metrics_role.py`.
"""

from __future__ import annotations

IN_SLOTS_OR_ASLEEP = """
    SELECT ti.dag_id, ti.run_id, ti.task_id, ti.state, ti.queue, ti.executor, ti.pool, ti.pool_slots,
           ti.priority_weight, ti.hostname, ti.start_date, ti.end_date, ti.try_number, ti.next_method IS NOT NULL,
           (SELECT retry_delay_override FROM task_instance WHERE id = ti.id), last.reschedule_date, last.end_date, run.run_type, run.state, run.logical_date
    FROM (SELECT NULL::float8 AS retry_delay_override) before_3_3
    CROSS JOIN task_instance ti
    CROSS JOIN LATERAL (
        SELECT run_type, state, logical_date FROM dag_run WHERE dag_id = ti.dag_id AND run_id = ti.run_id LIMIT 1
    ) run
    LEFT JOIN LATERAL (
        SELECT reschedule_date, end_date FROM task_reschedule
        WHERE ti.state IN ('running', 'up_for_reschedule') AND ti_id = ti.id ORDER BY id DESC LIMIT 1
    ) last ON true
    WHERE ti.state IN ('running', 'restarting', 'up_for_retry', 'up_for_reschedule')
"""
"""One by one: each has times of its own. Index ti_state, then one look-up each.

The LIMIT holds the planner to look-ups, here and below: with a wrong guess of how many there are, it would read all runs.
Where the table lacks the column, which Airflow 3.3 brought, its name means that of `before_3_3`: SQL looks in the outer query next.
"""

WAITING = """
    WITH waiting AS MATERIALIZED (
        SELECT dag_id, run_id, task_id, state, queue, executor, pool, pool_slots, priority_weight, queued_dttm,
               scheduled_dttm, start_date
        FROM task_instance WHERE state IN ('queued', 'scheduled', 'deferred', 'awaiting_input')
    )
    SELECT ti.*, run.run_type, run.state, run.logical_date
    FROM (
        SELECT dag_id, run_id, task_id, state, queue, executor, pool, pool_slots, priority_weight, count(*),
               min(queued_dttm), min(scheduled_dttm), min(start_date)
        FROM waiting
        GROUP BY dag_id, run_id, task_id, state, queue, executor, pool, pool_slots, priority_weight
    ) ti
    CROSS JOIN LATERAL (
        SELECT run_type, state, logical_date FROM dag_run WHERE dag_id = ti.dag_id AND run_id = ti.run_id LIMIT 1
    ) run
"""
"""Those of one task in one run together: a mapped task may have thousands. Index ti_state, then one look-up each.

Apart from the grouping, so that the planner does not read another index as a whole for its order.
"""

RUNS = """
    SELECT dag_id, run_id, logical_date, backfill_id,
           CASE WHEN bundle_version IS NOT NULL THEN created_dag_version_id END
    FROM dag_run WHERE state = 'running'
"""
"""Index idx_dag_run_running_dags. A run without bundle version takes the newest: `DBDagBag._version_from_dag_run`."""

QUEUED_RUNS = """
    SELECT dag_run.dag_id, dag_run.backfill_id, backfill.max_active_runs, count(*)
    FROM dag_run LEFT JOIN backfill ON backfill.id = dag_run.backfill_id
    WHERE dag_run.state = 'queued' AND dag_run.run_after <= %(now)s AND backfill.is_paused IS NOT TRUE
    GROUP BY dag_run.dag_id, dag_run.backfill_id, backfill.max_active_runs
"""
"""Index idx_dag_run_queued_dags."""

PROGRESS = """
    SELECT dag_run.dag_id, dag_run.run_id, ti.task_id, ti.state, ti.count, ti.is_unmapped, ti.seconds, ti.timed
    FROM dag_run
    CROSS JOIN LATERAL (
        SELECT task_id, state, count(*) AS count, max(map_index) < 0 AS is_unmapped,
               coalesce(sum(duration), 0) AS seconds, count(*) FILTER (WHERE duration > 0) AS timed
        FROM task_instance
        WHERE dag_id = dag_run.dag_id AND run_id = dag_run.run_id
        GROUP BY task_id, state
    ) ti
    WHERE dag_run.state = 'running'
"""
"""Indexes idx_dag_run_running_dags, then ti_dag_run for each running run."""

DAGS = """
    SELECT dag.dag_id, dag.is_paused OR dag.is_stale, dag.max_active_tasks, dag.max_active_runs,
           CASE WHEN NOT dag.is_paused AND NOT dag.is_stale AND dag.has_import_errors IS NOT TRUE
                 AND NOT dag.exceeds_max_non_backfill AND dag.next_dagrun_create_after <= %(until)s
                THEN dag.next_dagrun_create_after END,
           extract(epoch FROM dag.next_dagrun_data_interval_end - dag.next_dagrun_data_interval_start)::float8,
           (SELECT id FROM dag_version WHERE dag_id = dag.dag_id ORDER BY version_number DESC LIMIT 1)
    FROM dag
    WHERE dag.dag_id = ANY(%(dag_ids)s) OR dag.next_dagrun_create_after <= %(until)s
"""
"""A row for each DAG with work, or with work soon: dag_pkey and idx_next_dagrun_create_after."""

POOLS = "SELECT pool, slots, include_deferred FROM slot_pool"

HASHES = "SELECT dag_version_id, dag_hash FROM serialized_dag WHERE dag_version_id = ANY(%(version_ids)s)"
"""A version's structure is written anew in place while no run has used it."""

STRUCTURES = """
    SELECT dag_version_id, dag_hash, data, data_compressed
    FROM serialized_dag WHERE dag_version_id = ANY(%(version_ids)s)
"""

DURATIONS = """
    WITH recent AS (
        SELECT dag_id, run_id, row_number() OVER (PARTITION BY dag_id ORDER BY run_after DESC) AS age
        FROM dag_run WHERE run_after > %(since)s AND state IN ('success', 'failed')
    ), tasks AS (
        SELECT recent.dag_id, ti.task_id,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY ti.duration)
                   FILTER (WHERE ti.ran AND ti.duration > 0) AS seconds,
               count(*) FILTER (WHERE ti.ran)::float8 / count(DISTINCT recent.run_id) AS width
        FROM recent
        CROSS JOIN LATERAL (
            SELECT task_id, duration, state IN ('success', 'failed') AS ran FROM task_instance
            WHERE dag_id = recent.dag_id AND run_id = recent.run_id
            OFFSET 0
        ) ti
        WHERE recent.age <= %(runs)s
        GROUP BY recent.dag_id, ti.task_id
    )
    SELECT dag_id, task_id, seconds, width FROM tasks WHERE seconds IS NOT NULL
"""
"""Of the last runs of each DAG: indexes idx_dag_run_run_after, then ti_dag_run for each of those runs."""
