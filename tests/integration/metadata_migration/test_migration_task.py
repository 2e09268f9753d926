"""The migration's task on a real PostgreSQL, by the interpreters of two real Airflows: `farflow.migration`, `farflow.start`."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from farflow import schema
from local import layout, metadata_database
from local.metadata_database import MetadataDatabase
from tests.waiting import eventually

PRESENT, FORMER = "airflow", "airflow-3.2.2"
REVISIONS = {PRESENT: "d2f4e1b3c5a7", FORMER: "1d6611b6ab7c"}
FAB = "02ca36b0235b"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[MetadataDatabase]:
    with metadata_database.migrated(tmp_path / "database") as database:
        yield database


def environ(database: MetadataDatabase, environment: str) -> dict[str, str]:
    """As the task definition gives it, by the image of that environment."""
    return {
        "PATH": f"{layout.environment_python(environment).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(layout.ROOT / "airflow"),
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(database.port),
        "DATABASE_NAME": metadata_database.DATABASE,
        "DATABASE_USERNAME": metadata_database.USER,
        "DATABASE_PASSWORD": metadata_database.PASSWORD,
        "PGSSLMODE": "disable",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://${DATABASE_USERNAME}:${DATABASE_PASSWORD}"
        "@${DATABASE_HOST}:${DATABASE_PORT}/${DATABASE_NAME}",
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "AIRFLOW__LOGGING__LOGGING_CONFIG_CLASS": "no.such.module",  # of a user who mistyped it
        "ADMINISTRATOR_USERNAME": "root",
        "ADMINISTRATOR_PASSWORD": "of-a-test",
        "METRICS_DATABASE_PASSWORD": "of-another",
    }


def begin(database: MetadataDatabase, environment: str, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["python", "-m", *command],
        executable=str(layout.environment_python(environment)),
        env=environ(database, environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(database: MetadataDatabase, environment: str, *command: str) -> tuple[int, str]:
    """Exit code and output."""
    process = begin(database, environment, *command)
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def reach(database: MetadataDatabase, environment: str, goal: str) -> tuple[int, str]:
    return run(database, environment, "farflow.migration", "reach", f"airflow={REVISIONS[goal]}", f"fab={FAB}")


def revision(database: MetadataDatabase) -> str:
    with psycopg.connect(database.url) as connection:
        ((found,),) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        return str(found)


@pytest.mark.parametrize("environment", [PRESENT, FORMER])
def test_revisions_read_from_the_files_are_those_that_airflow_goes_by(environment: str) -> None:
    (folder,) = layout.environment_python(environment).parent.parent.glob("lib/python3*/site-packages/airflow")
    assert {history.name: history.head for history in schema.histories_of(folder)} == {
        "airflow": REVISIONS[environment],
        "fab": FAB,
    }


def test_empty_database_is_made_with_its_administrator_and_the_role_of_scaling(tmp_path: Path) -> None:
    with metadata_database.empty(tmp_path / "database") as database:
        code, output = run(database, PRESENT, "farflow.migration", "prepare")
        assert code == 0, output
        assert revision(database) == REVISIONS[PRESENT]
        with psycopg.connect(database.url) as connection:
            assert connection.execute("SELECT username FROM ab_user").fetchall() == [("root",)]
            assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'farflow_metrics'").fetchall()
        code, output = run(database, PRESENT, "farflow.migration", "prepare")
        assert (code, "equal to this image" in output) == (0, True), output


def test_database_goes_down_and_up_again_and_each_image_starts_on_its_own_alone(database: MetadataDatabase) -> None:
    """The newer image alone knows the way, both times."""
    assert waits(database, FORMER)
    code, output = run(database, FORMER, "farflow.migration", "prepare")
    assert (code, "ahead to this image" in output) == (0, True), output
    code, output = reach(database, FORMER, FORMER)
    assert (code, "this image does not know the revision" in output) == (1, True), output

    code, output = reach(database, PRESENT, FORMER)
    assert code == 0, output
    assert revision(database) == REVISIONS[FORMER]
    assert waits(database, PRESENT)
    assert not waits(database, FORMER)

    code, output = reach(database, PRESENT, PRESENT)
    assert code == 0, output
    assert revision(database) == REVISIONS[PRESENT]
    assert not waits(database, PRESENT)


def test_killed_migration_is_gone_on_with_and_two_at_once_are_one(database: MetadataDatabase) -> None:
    assert reach(database, PRESENT, FORMER)[0] == 0
    command = ("farflow.migration", "reach", f"airflow={REVISIONS[PRESENT]}", f"fab={FAB}")
    with psycopg.connect(database.url) as reader, reader.transaction():
        reader.execute("LOCK TABLE task_instance IN ACCESS SHARE MODE")
        killed = begin(database, PRESENT, *command)
        eventually(lambda: revision(database) not in REVISIONS.values(), 60, "it is half way", pause_seconds=0.1)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
    with ThreadPoolExecutor() as pool:  # one that nobody reads would stop for that
        both = list(pool.map(lambda _: run(database, PRESENT, *command), range(2)))
    outputs = [output for _, output in both]
    assert [code for code, _ in both] == [0, 0], outputs
    assert sum("migration: airflow db migrate" in output for output in outputs) == 1, (
        "the other one found nothing to do"
    )
    assert revision(database) == REVISIONS[PRESENT]


def test_what_was_queued_is_scheduled_anew(database: MetadataDatabase) -> None:
    """Its messages are of the version before. The rest stays as it is; callbacks of a triggerer have no message."""
    with psycopg.connect(database.url) as connection:
        for state in ("queued", "success"):
            connection.execute(TASK_INSTANCE, {"state": state})
        for kind, state in [("executor", "queued"), ("executor", "running"), ("triggerer", "queued")]:
            connection.execute(CALLBACK, {"type": kind, "state": state})
    assert reach(database, PRESENT, PRESENT)[0] == 0
    with psycopg.connect(database.url) as connection:
        task_instances = connection.execute(
            "SELECT task_id, state, external_executor_id FROM task_instance ORDER BY 1"
        ).fetchall()
        callbacks = connection.execute("SELECT type, state FROM callback ORDER BY 1, 2").fetchall()
    assert task_instances == [("queued", "scheduled", None), ("success", "success", "celery")]
    assert callbacks == [("executor", "pending"), ("executor", "running"), ("triggerer", "queued")]


def test_database_of_before_callbacks_is_moved(database: MetadataDatabase) -> None:
    """Airflow has had that table since 3.2."""
    with psycopg.connect(database.url) as connection:
        connection.execute("ALTER TABLE callback RENAME TO of_later")
        connection.execute(TASK_INSTANCE, {"state": "queued"})
    code, output = reach(database, PRESENT, PRESENT)
    assert code == 0, output
    with psycopg.connect(database.url) as connection:
        assert connection.execute("SELECT state FROM task_instance").fetchall() == [("scheduled",)]


TASK_INSTANCE = """
    WITH run AS (
        INSERT INTO dag_run (dag_id, run_id, run_type, run_after, state, clear_number, log_template_id)
        VALUES ('d', %(state)s, 'manual', now(), 'running', 0, (SELECT max(id) FROM log_template)) RETURNING run_id
    )
    INSERT INTO task_instance (id, dag_id, run_id, task_id, map_index, state, pool, pool_slots, queue, try_number, max_tries,
                               external_executor_id)
    SELECT gen_random_uuid(), 'd', run_id, %(state)s, -1, %(state)s, 'default_pool', 1, 'default', 1, 0, 'celery' FROM run
"""

CALLBACK = """
    INSERT INTO callback (id, type, fetch_method, data, state, priority_weight, created_at)
    VALUES (gen_random_uuid(), %(type)s, 'import_path', '{}', %(state)s, 1, now())
"""


def waits(database: MetadataDatabase, environment: str) -> bool:
    """Whether `farflow.start` still waits after a moment, rather than having become its command."""
    process = begin(database, environment, "farflow.start", "sh", "-c", "echo started")
    deadline = time.monotonic() + 4
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    if process.poll() is not None:
        assert process.communicate()[0] == "started\n"
        return False
    process.terminate()
    output = process.communicate(timeout=10)[0]
    assert output.startswith("waiting to start: the database is at airflow ")
    assert process.returncode == -signal.SIGTERM
    return True


def test_container_waits_for_a_database_that_is_away(tmp_path: Path) -> None:
    away = MetadataDatabase(1, tmp_path)
    process = begin(away, PRESENT, "farflow.start", "true")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("waiting to start: the database does not answer")
    process.terminate()
    process.communicate(timeout=10)
