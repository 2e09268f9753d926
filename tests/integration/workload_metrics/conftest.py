"""A metadata database that Airflow itself made and filled; each test has a copy of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local import layout, metadata_database
from local.metadata_database import MetadataDatabase
from workload_metrics.metadata_database import Connection, connect

LOGICAL_DATE = datetime(2026, 11, 28, 12, tzinfo=UTC)
METRICS_PASSWORD = "of the role's own"
AIRFLOW_SIDE = Path(__file__).parent / "airflow_side"
COPIES = count()
TABLES = (
    *("dag", "dag_run", "dag_version", "serialized_dag", "slot_pool"),
    *("task_instance", "task_instance_history", "task_reschedule"),
)
"""What tests change."""


def airflow(database: MetadataDatabase, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Airflow's own Python, on this database."""
    return subprocess.run(
        [layout.environment_python("airflow"), *arguments],
        env={**database.airflow_environ, "PYTHONPATH": str(layout.ROOT / "airflow"), **environ},
        capture_output=True,
        text=True,
        timeout=120,
    )


def make_role(server: MetadataDatabase, database: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """As the migration task does."""
    given = {
        "DATABASE_HOST": "127.0.0.1",
        "DATABASE_PORT": str(server.port),
        "DATABASE_NAME": database,
        "DATABASE_USERNAME": metadata_database.USER,
        "DATABASE_PASSWORD": metadata_database.PASSWORD,
        "METRICS_DATABASE_PASSWORD": METRICS_PASSWORD,
        **environ,
    }
    return airflow(server, "-m", "farflow.metrics_role", **given)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MetadataDatabase]:
    with metadata_database.migrated(tmp_path_factory.mktemp("metadata") / "server") as server:
        role = make_role(server, metadata_database.DATABASE)
        assert role.returncode == 0, role.stderr
        yield server


@pytest.fixture(scope="session")
def empty(server: MetadataDatabase) -> str:
    """The name of a database with nothing but Airflow's schema and the role, to be copied."""
    return metadata_database.DATABASE


@pytest.fixture(scope="session")
def filled(server: MetadataDatabase, empty: str) -> tuple[str, dict[str, Any]]:
    """The name of a database with a run of each test DAG, and what Airflow says of them."""
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE filled TEMPLATE {empty}")
    url = server.sqlalchemy_url.removesuffix(f"/{metadata_database.DATABASE}") + "/filled"
    fill = airflow(
        server,
        AIRFLOW_SIDE / "fill.py",
        LOGICAL_DATE.isoformat(),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=url,
    )
    assert fill.returncode == 0, fill.stderr
    return "filled", json.loads(fill.stdout)


class World:
    """One test's database: to write as Airflow would, and to read as the function does."""

    def __init__(self, server: MetadataDatabase, name: str) -> None:
        self.server = server
        self.name = name
        self.airflow = psycopg.connect(server.url_of(name), autocommit=True)
        self.metrics = self.as_metrics()

    def as_metrics(self) -> Connection:
        return connect(
            host="127.0.0.1",
            port=self.server.port,
            dbname=self.name,
            user="farflow_metrics",
            password=METRICS_PASSWORD,
            sslmode="disable",
        )

    def set(self, dag_id: str, task_id: str, state: str | None, **columns: Any) -> None:
        """A task instance's columns."""
        values = {"state": state, **columns}
        assignments = ", ".join(f"{name} = %({name})s" for name in values)
        self.airflow.execute(
            f"UPDATE task_instance SET {assignments} WHERE dag_id = %(dag)s AND task_id = %(task)s",
            {**values, "dag": dag_id, "task": task_id},
        )

    def close(self) -> None:
        self.airflow.close()
        self.metrics.close()


def copy_of(server: MetadataDatabase, template: str) -> Iterator[World]:
    name = f"copy_{os.getpid()}_{next(COPIES)}"
    with psycopg.connect(server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        world = World(server, name)
        yield world
        world.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared(server: MetadataDatabase, filled: tuple[str, Any]) -> Iterator[World]:
    for world in copy_of(server, filled[0]):
        world.airflow.execute("CREATE SCHEMA saved")
        for table in TABLES:
            world.airflow.execute(f"CREATE TABLE saved.{table} AS TABLE {table}")
        yield world


@pytest.fixture
def world(shared: World) -> World:
    """With a run of each test DAG, of which nothing ran yet: as Airflow left it, whatever the test before did."""
    with shared.airflow.transaction():
        shared.airflow.execute("SET LOCAL session_replication_role = replica")  # without foreign keys' triggers
        for table in TABLES:
            shared.airflow.execute(f"DELETE FROM {table}")
            shared.airflow.execute(f"INSERT INTO {table} SELECT * FROM saved.{table}")
    shared.metrics.close()
    shared.metrics = shared.as_metrics()
    return shared


@pytest.fixture
def bare(server: MetadataDatabase, empty: str) -> Iterator[World]:
    """With Airflow's schema, and nothing in it."""
    yield from copy_of(server, empty)
