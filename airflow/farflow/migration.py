"""The ECS task that makes the metadata database fit an image: `python -m farflow.migration`.

    prepare                     say how the database is to this image; make all of it when it is empty; when it fits, only make
                                sure of the administrator and of worker scaling's role. Stops nobody, and nobody needs be stopped.
    reach airflow=REV fab=REV   go up or down to these revisions, with nobody at work on the database. This image must know
                                both where it is and where it goes: it is the newer one of the two that are exchanged.

Both can be repeated, and go on where a killed one ended, since Airflow commits each revision by itself. One works at a
time, under a lock. What became of it is told in the state table, at the key FARFLOW_MIGRATION_REPORT, and by the exit code.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg2

from farflow import airflow_command, database, metrics_role, schema
from farflow.airflow_command import CommandError
from farflow.schema import History, Relation, Revisions

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

DATABASE_WAIT_SECONDS = 300.0
"""A database that restarts, or fails over to its standby, is back by then."""
LOOK_SECONDS = 2.0
LOCK = 8_370_218_454
"""Of PostgreSQL's advisory locks. It goes with its connection, so a killed task holds nobody up."""
LOCK_WAIT_SECONDS = 600.0

KEEP_SECONDS = 7 * 24 * 3600


class MigrationError(Exception):
    """The database could not be brought to where it should be; the message says what to do."""


def prepare(environ: Mapping[str, str]) -> dict[str, Any]:
    """See above. Raises `MigrationError`, `CommandError`, `SchemaError`, or psycopg2's errors."""
    known = schema.histories()
    with _locked(environ) as connection:
        found = schema.revisions(connection, known)
        relation = schema.relation(known, found)
        if relation is Relation.EMPTY:
            airflow_command.run(environ, ["airflow", "db", "migrate"])
        if relation in (Relation.EMPTY, Relation.EQUAL):
            ensure_accounts(environ)
        print(f"migration: the database is at {schema.in_words(found)}, {relation} to this image", flush=True)
        return {**about(known), "relation": relation.value, "found": found}


def reach(environ: Mapping[str, str], wanted: Revisions) -> dict[str, Any]:
    """See above. Raises `MigrationError`, `CommandError`, `SchemaError`, or psycopg2's errors."""
    known = schema.histories()
    with _locked(environ) as connection:
        for command in schema.way(known, schema.revisions(connection, known), wanted):
            airflow_command.run(environ, command)
        reached = schema.revisions(connection, known)
        if not wanted.items() <= reached.items():
            raise MigrationError(f"the database is at {schema.in_words(reached)}, not at {schema.in_words(wanted)}")
        if reached == {history.name: history.head for history in known}:
            ensure_accounts(environ)
        print(f"migration: the database is at {schema.in_words(reached)}, as wanted; {requeue(connection)}", flush=True)
        return {**about(known), "reached": reached}


def requeue(connection: Connection) -> str:
    """Let the next scheduler send what waited in the queue: the messages are of the version before, and are gone.

    Of task instances it is Airflow's own way with one that was queued for too long (`scheduler_job_runner.py:_reschedule_stuck_task`).
    Callbacks that workers run are queued too, and the scheduler looks for pending ones alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE task_instance SET state = 'scheduled', external_executor_id = NULL, queued_dttm = NULL,"
            " queued_by_job_id = NULL, scheduled_dttm = now() WHERE state = 'queued'"
        )
        told = f"{cursor.rowcount} queued task instances are scheduled anew"
        cursor.execute("SELECT to_regclass('callback') IS NOT NULL")
        if cursor.fetchone() == (True,):  # since Airflow 3.2
            cursor.execute("UPDATE callback SET state = 'pending' WHERE state = 'queued' AND type = 'executor'")
            told += f", {cursor.rowcount} queued callbacks are pending"
        return told


def ensure_accounts(environ: Mapping[str, str]) -> None:
    """The administrator, and the role with which worker scaling reads. What is there already stays as it is."""
    username = environ["ADMINISTRATOR_USERNAME"]
    airflow_command.run(
        environ,
        [
            *("airflow", "users", "create", "--role", "Admin", "--username", username),
            *("--firstname", "Farflow", "--lastname", "Administrator", "--email", f"{username}@farflow.invalid"),
            *("--password", environ["ADMINISTRATOR_PASSWORD"]),
        ],
    )
    if "METRICS_DATABASE_PASSWORD" in environ:
        metrics_role.ensure(environ)


def about(known: Sequence[History]) -> dict[str, Any]:
    """What this image is: it can be told without a database."""
    return {
        "airflow_version": importlib.metadata.version("apache-airflow-core"),
        "heads": {history.name: history.head for history in known},
    }


@contextmanager
def _locked(environ: Mapping[str, str]) -> Iterator[Connection]:
    """The database, while nobody else migrates it.

    Who waits for the lock holds no transaction open: a migration that makes an index concurrently would wait for that in its turn.
    """
    connection = _await_database(environ, time.monotonic, time.sleep)
    connection.autocommit = True
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    try:
        while not database.try_lock(connection, LOCK):
            if time.monotonic() >= deadline:
                raise MigrationError(f"another migration has not ended for {LOCK_WAIT_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS)
        yield connection
    finally:
        connection.close()


def _await_database(
    environ: Mapping[str, str], clock: Callable[[], float], sleep: Callable[[float], None]
) -> Connection:
    deadline = clock() + DATABASE_WAIT_SECONDS
    while True:
        try:
            return database.connect(environ)
        except psycopg2.OperationalError as error:
            if clock() >= deadline:
                raise MigrationError(
                    f"the database did not answer for {DATABASE_WAIT_SECONDS:.0f} s: {str(error).strip()}"
                ) from error
            print(f"migration: the database does not answer: {str(error).strip()}", flush=True)
            sleep(LOOK_SECONDS)


def tell(environ: Mapping[str, str], report: Mapping[str, Any]) -> None:
    """To the state table, for `metadata_migrator`. Without a key, nobody asked."""
    if "FARFLOW_MIGRATION_REPORT" not in environ:
        return
    import botocore.session  # noqa: PLC0415 - half a second, and not before the work is done

    botocore.session.get_session().create_client("dynamodb").put_item(
        TableName=environ["FARFLOW_STATE_TABLE"],
        Item={
            "id": {"S": environ["FARFLOW_MIGRATION_REPORT"]},
            "report": {"S": json.dumps(report)},
            "expiration": {"N": str(int(time.time()) + KEEP_SECONDS)},
        },
    )


def main(arguments: Sequence[str]) -> int:
    """0 when it is as wanted. 1 otherwise, and the report has an `error`."""
    try:
        match arguments:
            case ["prepare"]:
                report = prepare(os.environ)
            case ["reach", *wanted] if wanted:
                report = reach(os.environ, dict(each.split("=", 1) for each in wanted))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (MigrationError, CommandError, schema.SchemaError, metrics_role.MetricsRoleError, psycopg2.Error) as error:
        message = str(error).strip()
        print(f"migration: failed: {message}", flush=True)
        tell(os.environ, {"error": message})
        return 1
    tell(os.environ, report)
    print("migration: done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
