"""`workload_metrics` on a metadata database that Airflow made, as the role that the migration makes."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from benchmarks import metadata_load
from control_plane.worker_scaling.workload import Running, Work, Workload
from local.metadata_database import MetadataDatabase
from tests.integration.workload_metrics.conftest import METRICS_PASSWORD, World, make_role
from workload_metrics import metadata_queries
from workload_metrics.durations import RESUMED_SECONDS, Durations, Learnt
from workload_metrics.forecast import Forecast, forecast, slots_of_unforeseen_work
from workload_metrics.metadata_database import StructureCache, learn, observe
from workload_metrics.observation import Observation, QueuedRuns
from workload_metrics.retry_time import retry_at

NOW = datetime(2026, 11, 28, 12, 1, tzinfo=UTC).timestamp()
HORIZON = 105.0
DURATIONS = Durations(
    {
        "everything": {
            "numbers": Learnt(10.0),
            "double": Learnt(20.0, 3.0),
            "group.inside": Learnt(5.0, 3.0),
            "wait": Learnt(1.0),
            "announces": Learnt(2.0),
            "make": Learnt(4.0),
            "local": Learnt(4.0),
            "drop": Learnt(4.0),
        },
        "each_minute": {"first": Learnt(30.0), "second": Learnt(40.0)},
        "backing_off": {"plain": Learnt(3.0)},
        "by_asset": {"only": Learnt(6.0)},
    }
)
QUERIES = {name: sql for name, sql in vars(metadata_queries).items() if name.isupper()}
VALUES = {
    "now": datetime.fromtimestamp(NOW, UTC),
    "until": datetime.fromtimestamp(NOW + HORIZON, UTC),
    "since": datetime.fromtimestamp(NOW, UTC) - timedelta(hours=2),
    "runs": 20,
    "dag_ids": ["dag_1", "dag_2"],
    "version_ids": [],
}


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(NOW + seconds, UTC)


def seen(world: World) -> Observation:
    return observe(world.metrics, StructureCache(), NOW, HORIZON)[0]


def foreseen(world: World, durations: Durations = DURATIONS, **options: Any) -> Forecast:
    observation, structures = observe(world.metrics, StructureCache(), NOW, HORIZON)
    return forecast(observation, structures, durations, NOW + HORIZON, **options)


def workload(world: World, queue: str, **options: Any) -> Workload:
    return foreseen(world, **options).workloads.get(queue, Workload(NOW))


def only(world: World, *dag_ids: str) -> None:
    """All other runs are over, and no schedule is near."""
    world.airflow.execute("UPDATE dag_run SET state = 'success' WHERE NOT dag_id = ANY(%s)", [list(dag_ids)])
    world.airflow.execute("UPDATE dag SET next_dagrun_create_after = NULL")


# ---- What the queries find, and what is made of it ------------------------------------------------


def test_roots_of_a_run_are_wanted_at_once_and_its_next_levels_when_those_before_usually_end(world: World) -> None:
    only(world, "everything")

    found = foreseen(world).workloads

    # numbers (10 s), then 3 of double (20 s) of which 2 may run at once in a run, then 3 of inside (5 s).
    assert found["big"].foreseen == (Work(NOW, 10.0), Work(NOW + 10, 20.0, 2), Work(NOW + 30, 20.0))
    # make (4 s) at once, then local (4 s) elsewhere, then drop; wait looks once (1 s): when it ends is not known.
    assert found["default"].foreseen == (
        Work(NOW, 1.0),
        Work(NOW, 4.0),
        Work(NOW + 8, 4.0),
        Work(NOW + 50, 5.0, 3),
    )


def test_running_task_ends_when_it_usually_does_and_its_worker_is_named(world: World) -> None:
    only(world, "each_minute")
    world.set("each_minute", "first", "running", start_date=at(-12), hostname="ip-10-0-0-7")

    found = workload(world, "default")

    assert found.running == (Running("ip-10-0-0-7", NOW + 18),)
    assert found.foreseen == (Work(NOW + 18, 40.0),)


def test_overdue_task_is_expected_to_run_on_for_a_share_of_its_age(world: World) -> None:
    only(world, "each_minute")
    world.set("each_minute", "first", "running", start_date=at(-100), hostname="h")
    assert workload(world, "default").running == (Running("h", NOW + 25),)


def test_progress_tells_how_long_those_took_that_ended(world: World) -> None:
    only(world, "each_minute")
    world.set("each_minute", "first", "success", duration=33.5)
    world.set("each_minute", "second", "skipped", duration=None)
    found = {(each.task_id, each.state): (each.seconds, each.timed) for each in seen(world).progress}
    assert found == {("first", "success"): (33.5, 1), ("second", "skipped"): (0.0, 0)}
    world.set("each_minute", "first", "success", duration=0.0)
    assert {each.timed for each in seen(world).progress} == {0}, "marked as ended before it began"


def test_queued_task_waits_since_it_was_queued(world: World) -> None:
    only(world, "each_minute")
    world.set("each_minute", "first", "queued", queued_dttm=at(-7))
    found = workload(world, "default")
    assert found.waiting == (Work(NOW - 7, 30.0),)
    assert found.foreseen == (Work(NOW + 30, 40.0),)


def test_scheduled_tasks_wait_as_far_as_the_pool_admits_them_and_the_rest_is_foreseen(world: World) -> None:
    only(world, "backing_off")
    world.set("backing_off", "plain", "scheduled", scheduled_dttm=at(-2), pool="narrow")
    world.set("backing_off", "capped", "running", start_date=at(0), pool="narrow", hostname="h")
    world.set("backing_off", "doubling", "running", start_date=at(-1), pool="narrow", hostname="h")
    world.set("backing_off", "tripling", "success")

    found = workload(world, "default")

    assert found.waiting == ()
    assert found.foreseen == (Work(NOW + 2, 3.0),)


def test_parallelism_keeps_out_what_is_scheduled(world: World) -> None:
    only(world, "backing_off")
    for task_id in ("plain", "capped", "doubling", "tripling"):
        world.set("backing_off", task_id, "scheduled", scheduled_dttm=at(-2))
    found = workload(world, "default", parallelism=3)
    assert found.waiting == (Work(NOW - 2, 3.0, 3),)
    assert found.foreseen == (Work(NOW + 3, 3.0),)


def test_paused_dag_gets_no_new_slots_and_keeps_those_it_has(world: World) -> None:
    only(world, "backing_off")
    world.airflow.execute("UPDATE dag SET is_paused = true")
    world.set("backing_off", "plain", "scheduled", scheduled_dttm=at(-2))
    world.set("backing_off", "capped", "running", start_date=at(-1), hostname="h")
    found = workload(world, "default")
    assert (found.waiting, found.foreseen) == ((), ())
    assert found.running == (Running("h", NOW + 2),)


def test_retry_is_foreseen_when_airflow_itself_says(world: World, filled: tuple[str, dict[str, Any]]) -> None:
    """Plain, exponential, and capped delays, for each try, as `TaskInstance.next_retry_datetime` computes them."""
    by_airflow = filled[1]["retries"]
    for number in range(5):
        for task_id in by_airflow:
            world.set("backing_off", task_id, "up_for_retry", end_date=at(0), try_number=number + 1)
        observation, structures = observe(world.metrics, StructureCache(), NOW, HORIZON)
        tasks = next(found.tasks for found in structures.values() if found.dag_id == "backing_off")
        ours = {each.task_id: retry_at(each, tasks[each.task_id]) for each in observation.instances}
        assert ours == {task_id: pytest.approx(NOW + seconds[number]) for task_id, seconds in by_airflow.items()}


def test_retry_is_foreseen_as_work(world: World) -> None:
    only(world, "backing_off")
    world.set("backing_off", "plain", "up_for_retry", end_date=at(-3), try_number=1)
    for task_id in ("capped", "doubling", "tripling"):
        world.set("backing_off", task_id, "success")
    assert workload(world, "default").foreseen == (Work(NOW + 4, 3.0),)


def test_retry_policy_s_delay_comes_before_the_task_s_own(world: World) -> None:
    only(world, "by_asset")
    world.set("by_asset", "only", "up_for_retry", end_date=at(-3), try_number=1, retry_delay_override=50.0)
    assert workload(world, "default").foreseen == (Work(NOW + 47, 6.0),)


def test_sensor_looks_again_at_its_interval(world: World) -> None:
    only(world, "everything")
    world.airflow.execute("UPDATE task_instance SET state = 'success' WHERE dag_id = 'everything'")
    world.set("everything", "wait", "up_for_reschedule", start_date=at(-30))
    world.set("everything", "empty", None)
    world.set("everything", "announces", None)
    for ended, again in ((-70, -30), (-29, 11)):
        world.airflow.execute(
            "INSERT INTO task_reschedule (ti_id, start_date, end_date, duration, reschedule_date)"
            " SELECT id, %s, %s, 1, %s FROM task_instance WHERE task_id = 'wait'",
            [at(ended - 1), at(ended), at(again)],
        )
    found = workload(world, "default").foreseen
    assert found == (Work(NOW + 11, 1.0), Work(NOW + 52, 1.0), Work(NOW + 93, 1.0))


def test_deferred_task_wants_a_slot_again_when_it_has_taken_as_long_as_usual(world: World) -> None:
    only(world, "by_asset")
    world.set("by_asset", "only", "deferred", start_date=at(-20))
    durations = Durations({"by_asset": {"only": Learnt(60.0)}})
    assert workload(world, "default", durations=durations).foreseen == (Work(NOW + 40, RESUMED_SECONDS),)
    # Never seen to end: nobody knows when its trigger fires.
    assert workload(world, "default", durations=Durations()).foreseen == ()


def test_task_that_was_deferred_ends_soon_however_long_ago_it_began(world: World) -> None:
    only(world, "by_asset")
    world.set("by_asset", "only", "running", start_date=at(-3600), next_method="execute_complete", hostname="h")
    assert workload(world, "default").running == (Running("h", NOW + RESUMED_SECONDS),)


def test_next_run_s_roots_are_foreseen_and_a_second_run_of_each_minute(world: World) -> None:
    world.airflow.execute("UPDATE dag_run SET state = 'success'")
    world.airflow.execute(
        "UPDATE dag SET next_dagrun_create_after = CASE dag_id WHEN 'each_minute' THEN %s::timestamptz END", [at(20)]
    )
    assert workload(world, "default").foreseen == (
        Work(NOW + 20, 30.0),
        Work(NOW + 50, 40.0),
        Work(NOW + 80, 30.0),
    )


@pytest.mark.parametrize("why", ["is_paused", "is_stale", "has_import_errors", "exceeds_max_non_backfill"])
def test_run_that_will_not_be_made_is_not_foreseen(world: World, why: str) -> None:
    world.airflow.execute("UPDATE dag_run SET state = 'success'")
    world.airflow.execute(f"UPDATE dag SET next_dagrun_create_after = %s, {why} = true", [at(20)])
    assert foreseen(world).workloads == {}


def test_run_beyond_the_horizon_is_not_asked_for(world: World) -> None:
    world.airflow.execute("UPDATE dag SET next_dagrun_create_after = %s", [at(HORIZON + 1)])
    assert {dag.next_run_at for dag in seen(world).dags.values()} == {None}


def test_next_run_waits_for_a_place_among_the_active_ones(world: World) -> None:
    only(world, "each_minute")
    world.airflow.execute("UPDATE dag SET max_active_runs = 1 WHERE dag_id = 'each_minute'")
    world.airflow.execute("UPDATE dag SET next_dagrun_create_after = %s WHERE dag_id = 'each_minute'", [at(5)])
    world.set("each_minute", "first", "success")
    world.set("each_minute", "second", "running", start_date=at(0), hostname="h")
    assert workload(world, "default").foreseen == (Work(NOW + 40, 30.0), Work(NOW + 70, 40.0))


def test_queued_runs_begin_as_far_as_their_dag_allows(world: World) -> None:
    world.airflow.execute("UPDATE dag_run SET state = CASE dag_id WHEN 'by_asset' THEN 'queued' ELSE 'success' END")
    world.airflow.execute("UPDATE dag SET next_dagrun_create_after = NULL")
    assert workload(world, "default").foreseen == (Work(NOW, 6.0),)
    world.airflow.execute("UPDATE dag SET max_active_runs = 0 WHERE dag_id = 'by_asset'")
    assert workload(world, "default").foreseen == ()


def test_backfill_s_queued_runs_come_with_its_own_limit_unless_it_is_paused(world: World) -> None:
    world.airflow.execute(
        "INSERT INTO backfill (id, dag_id, from_date, to_date, dag_run_conf, is_paused, reprocess_behavior, max_active_runs,"
        " created_at, updated_at) VALUES (1, 'by_asset', now(), now(), '{}', false, 'none', 3, now(), now())"
    )
    try:
        world.airflow.execute(
            "UPDATE dag_run SET state = 'queued', run_type = 'backfill', backfill_id = 1 WHERE dag_id = 'by_asset'"
        )
        assert seen(world).queued_runs == (QueuedRuns("by_asset", 1, 3, 1),)
        world.airflow.execute("UPDATE backfill SET is_paused = true")
        assert seen(world).queued_runs == ()
    finally:
        world.airflow.execute("UPDATE dag_run SET backfill_id = NULL")
        world.airflow.execute("DELETE FROM backfill")


def test_only_the_celery_executor_s_tasks_are_work_for_workers(world: World) -> None:
    for executor, counts in (
        (None, True),
        ("CeleryExecutor", True),
        ("farflow.executor.PatientCeleryExecutor", True),
        ("LocalExecutor", False),
        ("airflow.providers.amazon.aws.executors.ecs.AwsEcsExecutor", False),
    ):
        world.set("by_asset", "only", "running", start_date=at(-1), hostname="h", executor=executor)
        assert bool(workload(world, "default").running) is counts, executor


def test_slots_of_runs_that_no_schedule_announced_are_counted(world: World) -> None:
    world.set("by_asset", "only", "running", start_date=at(-1), hostname="h")
    world.set("backing_off", "plain", "running", start_date=at(-1), hostname="h")
    assert slots_of_unforeseen_work(seen(world)) == {"default": 1}


def test_dag_of_a_newer_format_is_not_foreseen_and_stops_nothing(world: World) -> None:
    only(world, "everything", "each_minute")
    world.airflow.execute(
        "UPDATE serialized_dag SET data = jsonb_set(data, '{__version}', '4') WHERE dag_id = 'everything'"
    )
    world.set("everything", "numbers", "running", start_date=at(-1), hostname="h")
    made = foreseen(world)
    assert made.unknown_dags == {"everything"}
    assert made.workloads["big"].running == (Running("h", NOW + 9),)
    assert made.workloads["big"].foreseen == ()
    assert made.workloads["default"].foreseen[0] == Work(NOW, 30.0)


def test_structure_is_read_once_and_anew_when_its_hash_changes(world: World) -> None:
    cache = StructureCache()
    _, first = observe(world.metrics, cache, NOW, HORIZON)
    _, second = observe(world.metrics, cache, NOW, HORIZON)
    assert all(second[version] is structure for version, structure in first.items())
    world.airflow.execute("UPDATE serialized_dag SET dag_hash = 'other' WHERE dag_id = 'by_asset'")
    _, third = observe(world.metrics, cache, NOW, HORIZON)
    changed = [first[version].dag_id for version in first if third[version] is not first[version]]
    assert changed == ["by_asset"]


def test_durations_are_medians_of_the_last_runs_with_the_instances_in_each(bare: World) -> None:
    load = metadata_load.Load(
        dags=2, versions=2, past_runs=30, active_runs=0, queued=0, scheduled=0, retrying=0, rescheduled=0
    )
    with psycopg.connect(bare.server.url_of(bare.name)) as connection:
        metadata_load.fill(connection, load, NOW)
    learnt = learn(bare.metrics, NOW)
    assert set(learnt.by_dag) == {"dag_1", "dag_2"}
    for tasks in learnt.by_dag.values():
        # 3 s more for each task down the chain, and 0 to 6 s that differ from run to run.
        assert [tasks[task_id].seconds for task_id in metadata_load.TASKS] == pytest.approx([6, 9, 12, 15, 18], abs=0.5)
        assert {each.width for each in tasks.values()} == {1.0}


# ---- What the database is asked to do -------------------------------------------------------------


@pytest.fixture(scope="module")
def busy(server: MetadataDatabase, empty: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE busy TEMPLATE {empty}")
    load = metadata_load.Load(
        dags=50, versions=20, past_runs=100, active_runs=30, queued=10, scheduled=200, retrying=10, rescheduled=10
    )
    with psycopg.connect(server.url_of("busy")) as connection:
        metadata_load.fill(connection, load, NOW)
        yield connection


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_no_query_reads_a_large_table_as_a_whole(busy: psycopg.Connection[Any], name: str) -> None:
    versions = [row[0] for row in busy.execute("SELECT id FROM dag_version LIMIT 5")]
    plan = busy.execute(f"EXPLAIN {QUERIES[name]}", {**VALUES, "version_ids": versions}).fetchall()
    lines = "\n".join(line for (line,) in plan)
    assert not re.search(r"Seq Scan on (task_instance|dag_run|task_reschedule|serialized_dag)\b", lines), lines
    for index in EXPECTED_INDEXES[name]:
        assert index in lines, lines


EXPECTED_INDEXES = {
    "DAGS": ["dag_id_v_name_v_number_unique_constraint"],
    "DURATIONS": ["ti_dag_run", "idx_dag_run_run_after"],
    "HASHES": ["serialized_dag_dag_version_id_uq"],
    "IN_SLOTS_OR_ASLEEP": ["ti_state", "dag_run_dag_id_run_id_key", "idx_task_reschedule_ti_id_id_desc"],
    "POOLS": [],
    "PROGRESS": ["idx_dag_run_running_dags", "ti_dag_run"],
    "QUEUED_RUNS": ["idx_dag_run_queued_dags"],
    "RUNS": ["idx_dag_run_running_dags"],
    "STRUCTURES": ["serialized_dag_dag_version_id_uq"],
    "WAITING": ["ti_state", "dag_run_dag_id_run_id_key"],
}


def test_query_that_takes_too_long_is_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workload_metrics.metadata_database.OBSERVE_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(metadata_queries, "POOLS", "SELECT pg_sleep(5)::text, 1, true")
    with pytest.raises(psycopg.errors.QueryCanceled):
        observe(world.metrics, StructureCache(), NOW, HORIZON)
    monkeypatch.undo()
    assert seen(world).runs


# ---- The role -------------------------------------------------------------------------------------


def granted(world: World) -> list[tuple[str, str]]:
    return world.airflow.execute(
        "SELECT table_name, column_name FROM information_schema.column_privileges WHERE grantee = 'farflow_metrics'"
        " ORDER BY 1, 2"
    ).fetchall()


def test_each_granted_column_is_one_that_a_query_reads(world: World) -> None:
    """That no more is needed is shown by all other tests here, which read as this role."""
    columns = granted(world)
    assert len(columns) > 50
    surplus = []
    for table, column in columns:
        with world.airflow.transaction(force_rollback=True):
            world.airflow.execute(f'REVOKE SELECT ("{column}") ON {table} FROM farflow_metrics')
            world.airflow.execute("SET LOCAL ROLE farflow_metrics")
            if not any(refused(world, sql) for sql in QUERIES.values()):
                surplus.append((table, column))
    assert surplus == []


def refused(world: World, sql: str) -> bool:
    try:
        with world.airflow.transaction():
            world.airflow.execute(f"EXPLAIN {sql}", VALUES)
    except InsufficientPrivilege:
        return True
    return False


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT conf FROM dag_run",
        "SELECT val FROM variable",
        "SELECT * FROM connection",
        "SELECT next_kwargs FROM task_instance",
        "UPDATE task_instance SET state = 'success'",
        "DELETE FROM dag_run",
        "INSERT INTO slot_pool (pool, slots, include_deferred) VALUES ('p', 1, false)",
        "CREATE TABLE here (there int)",
        "SET ROLE airflow",
        "ALTER ROLE farflow_metrics CONNECTION LIMIT 100",
    ],
)
def test_role_may_do_nothing_else(world: World, statement: str) -> None:
    world.metrics.read_only = False
    world.metrics.execute("SET default_transaction_read_only = off")
    with pytest.raises(InsufficientPrivilege):
        world.metrics.execute(statement)


def test_role_is_made_again_without_harm_and_with_the_new_password(world: World) -> None:
    before = granted(world)
    world.airflow.execute("GRANT SELECT ON variable TO farflow_metrics")
    again = make_role(world.server, world.name, METRICS_DATABASE_PASSWORD="another one")
    try:
        assert again.returncode == 0, again.stderr
        assert granted(world) == before
        url = f"host=127.0.0.1 port={world.server.port} dbname={world.name} user=farflow_metrics sslmode=disable"
        psycopg.connect(url, password="another one").close()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url, password=METRICS_PASSWORD)
    finally:
        assert make_role(world.server, world.name).returncode == 0


def test_password_is_not_in_the_server_s_log(world: World) -> None:
    world.airflow.execute("ALTER SYSTEM SET log_statement = 'ddl'")
    world.airflow.execute("SELECT pg_reload_conf()")
    try:
        assert make_role(world.server, world.name).returncode == 0
    finally:
        world.airflow.execute("ALTER SYSTEM RESET log_statement")
        world.airflow.execute("SELECT pg_reload_conf()")
    log = (world.server.folder / "postgres.log").read_text()
    assert "ROLE" in log
    assert "SCRAM-SHA-256$" in log
    assert METRICS_PASSWORD not in log


def test_user_that_may_not_make_roles_is_told_what_to_do(world: World) -> None:
    world.airflow.execute("CREATE ROLE weak LOGIN PASSWORD 'weak'")
    try:
        made = make_role(world.server, world.name, DATABASE_USERNAME="weak", DATABASE_PASSWORD="weak")
    finally:
        world.airflow.execute("DROP ROLE weak")
    assert made.returncode == 1
    assert 'ALTER ROLE "weak" CREATEROLE' in made.stderr
    assert "Traceback" not in made.stderr


def test_user_that_may_make_roles_and_owns_the_database_suffices(server: MetadataDatabase) -> None:
    """As on a managed server, where nobody is a superuser."""
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE owner LOGIN CREATEROLE PASSWORD 'owner'")
        connection.execute("CREATE DATABASE owned OWNER owner")
        with psycopg.connect(server.url_of("airflow")) as source, psycopg.connect(server.url_of("owned")) as owned:
            owned.execute("SET ROLE owner")
            owned.execute("GRANT ALL ON SCHEMA public TO owner")
            for (table,) in source.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall():
                columns = source.execute(
                    "SELECT string_agg(quote_ident(attname) || ' ' || format_type(atttypid, atttypmod), ', ')"
                    " FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                    [table],
                ).fetchone()
                owned.execute(f'CREATE TABLE "{table}" ({columns[0]})')
        connection.execute("ALTER ROLE farflow_metrics RENAME TO set_aside")
        try:
            for _ in range(2):
                made = make_role(server, "owned", DATABASE_USERNAME="owner", DATABASE_PASSWORD="owner")
                assert made.returncode == 0, made.stderr
        finally:
            connection.execute("DROP DATABASE owned WITH (FORCE)")
            connection.execute("DROP ROLE IF EXISTS farflow_metrics")
            connection.execute("ALTER ROLE set_aside RENAME TO farflow_metrics")
            connection.execute("DROP ROLE owner")
            assert make_role(server, "airflow").returncode == 0
