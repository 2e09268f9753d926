"""The metadata database as it is: its revision, and fingerprints of what an upgrade must not change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from local import layout, postgres, postgres_client

KEPT = {
    "dag_run": "SELECT dag_id, run_id, state, run_type, start_date, end_date, conf::text FROM dag_run WHERE dag_id = ANY(%s)",
    "task_instance": "SELECT dag_id, run_id, task_id, map_index, state, try_number, start_date, end_date, duration, hostname"
    " FROM task_instance WHERE dag_id = ANY(%s)",
    "xcom": "SELECT dag_id, run_id, task_id, map_index, key, value::text FROM xcom WHERE dag_id = ANY(%s)",
    "accounts": "SELECT username, password, email FROM ab_user WHERE %s::text[] IS NOT NULL",
    "variables": "SELECT key, val FROM variable WHERE %s::text[] IS NOT NULL",
    "connections": "SELECT conn_id, conn_type, host, password, extra FROM connection WHERE %s::text[] IS NOT NULL",
}
"""By name, the rows of these DAGs, and of what belongs to none: in columns that each version has."""


@contextmanager
def connection() -> Iterator[psycopg.Connection[Any]]:
    """As the superuser."""
    stack = layout.Stack.load()
    assert stack is not None
    with psycopg.connect(
        host="127.0.0.1",
        port=stack.postgres_port,
        user=postgres_client.USER,
        password=postgres.PASSWORD_FILE.read_text(),
        dbname=postgres.DATABASE,
        autocommit=True,
    ) as found:
        yield found


def rows(query: str, *values: Any) -> list[Any]:
    with connection() as database:
        return database.execute(query, values).fetchall()


def revision() -> str:
    """Of Airflow's tables."""
    ((found,),) = rows("SELECT version_num FROM alembic_version")
    return str(found)


def fingerprint(dag_ids: list[str]) -> dict[str, tuple[int, str]]:
    """Count and checksum by name of `KEPT`."""
    found = {}
    for name, query in KEPT.items():
        ((count, checksum),) = rows(
            f"SELECT count(*), md5(coalesce(string_agg(kept::text, chr(10) ORDER BY kept::text), '')) FROM ({query}) kept",
            dag_ids,
        )
        found[name] = (count, checksum)
    return found


def pause_of_scheduling() -> float:
    """Seconds from the last scheduler's last word to the first of the present one."""
    ((seconds,),) = rows(
        "SELECT extract(epoch FROM newest.start_date - max(former.latest_heartbeat))::float8"
        " FROM job former, (SELECT start_date FROM job WHERE job_type = 'SchedulerJob' ORDER BY start_date DESC LIMIT 1) newest"
        " WHERE former.job_type = 'SchedulerJob' AND former.start_date < newest.start_date GROUP BY newest.start_date"
    )
    return float(seconds)
