"""The metadata database, for what has no use for Airflow's own models. Errors are psycopg2's."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class


def connect(environ: Mapping[str, str], timeout_seconds: int = 10) -> Connection:
    """To the database that the task definition names. Raises `OperationalError`."""
    return psycopg2.connect(
        host=environ["DATABASE_HOST"],
        port=environ["DATABASE_PORT"],
        dbname=environ["DATABASE_NAME"],
        user=environ["DATABASE_USERNAME"],
        password=environ["DATABASE_PASSWORD"],
        connect_timeout=timeout_seconds,
        application_name="farflow",
        keepalives_idle=30,
    )


def try_lock(connection: Connection, lock: int) -> bool:
    """Take an advisory lock until the connection ends; False when another one has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", (lock,))
        (taken,) = cursor.fetchone() or (False,)
        return bool(taken)
