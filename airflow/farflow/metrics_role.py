"""The database role `farflow_metrics`: worker scaling reads the metadata database as it, these columns and no more.

Made, or brought to what stands here, by the migration task after each migration. The password never reaches the server
in clear, since a server may log such statements: what is sent is the SCRAM verifier, made in this process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - they are classes
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extensions import encrypt_password

from farflow import database

ROLE = "farflow_metrics"
CONNECTION_LIMIT = 5
"""Of the scaler, one; room for those that ended without a word, and for a look by hand."""

COLUMNS = {
    "backfill": ("id", "is_paused", "max_active_runs"),
    "dag": (
        "dag_id",
        "exceeds_max_non_backfill",
        "has_import_errors",
        "is_paused",
        "is_stale",
        "max_active_runs",
        "max_active_tasks",
        "next_dagrun_create_after",
        "next_dagrun_data_interval_end",
        "next_dagrun_data_interval_start",
    ),
    "dag_run": (
        "backfill_id",
        "bundle_version",
        "created_dag_version_id",
        "dag_id",
        "logical_date",
        "run_after",
        "run_id",
        "run_type",
        "state",
    ),
    "dag_version": ("dag_id", "id", "version_number"),
    "serialized_dag": ("dag_hash", "dag_version_id", "data", "data_compressed"),
    "slot_pool": ("include_deferred", "pool", "slots"),
    "task_instance": (
        "dag_id",
        "duration",
        "end_date",
        "executor",
        "hostname",
        "id",
        "map_index",
        "next_method",
        "pool",
        "pool_slots",
        "priority_weight",
        "queue",
        "queued_dttm",
        "retry_delay_override",
        "run_id",
        "scheduled_dttm",
        "start_date",
        "state",
        "task_id",
        "try_number",
    ),
    "task_reschedule": ("end_date", "id", "reschedule_date", "ti_id"),
}
"""By table. `functions/workload_metrics/metadata_queries.py` names the same ones; a test holds both against each other."""

LOCK = 8_370_218_455
"""Of PostgreSQL's advisory locks, so that two migration tasks do not make the role at once."""


class MetricsRoleError(Exception):
    """The role could not be made; the message says what to do."""


def ensure(environ: Mapping[str, str]) -> None:
    """Make the role with METRICS_DATABASE_PASSWORD, on the database of DATABASE_*. Raises `MetricsRoleError`."""
    connection = database.connect(environ)
    try:
        with connection:  # one transaction
            _ensure(connection, environ["METRICS_DATABASE_PASSWORD"])
    except psycopg2.errors.InsufficientPrivilege as error:
        user = environ["DATABASE_USERNAME"]
        raise MetricsRoleError(
            f"the database user {user} may not make the role {ROLE}, with which worker scaling reads the metadata database"
            f' ({str(error).strip()}). Let a superuser run: ALTER ROLE "{user}" CREATEROLE; and deploy again.'
        ) from error
    finally:
        connection.close()


def _ensure(connection: Connection, password: str) -> None:
    role = sql.Identifier(ROLE)
    database = sql.Identifier(connection.info.dbname)
    verifier = sql.Literal(encrypt_password(password, ROLE, connection, "scram-sha-256"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,))
        verb = sql.SQL("CREATE" if cursor.fetchone() is None else "ALTER")
        cursor.execute(
            sql.SQL("{} ROLE {} LOGIN NOINHERIT CONNECTION LIMIT {} PASSWORD {}").format(
                verb, role, sql.Literal(CONNECTION_LIMIT), verifier
            )
        )
        cursor.execute(sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role))
        cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role))
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role))
        # What an earlier release granted and this one does not.
        cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role))
        for table, columns in _present(cursor).items():
            cursor.execute(
                sql.SQL("GRANT SELECT ({}) ON {} TO {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("public", table), role
                )
            )


def _present(cursor: Cursor) -> dict[str, list[str]]:
    """Of `COLUMNS`, those that this version of Airflow has."""
    cursor.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY(%s)",
        (list(COLUMNS),),
    )
    there = set(cursor.fetchall())
    return {table: [column for column in columns if (table, column) in there] for table, columns in COLUMNS.items()}


def main() -> int:
    """Of the migration task."""
    try:
        ensure(os.environ)
    except MetricsRoleError as error:
        print(f"metrics role: {error}", file=sys.stderr)
        return 1
    print(f"metrics role: {ROLE} may read {sum(map(len, COLUMNS.values()))} columns")
    return 0


if __name__ == "__main__":
    sys.exit(main())
