"""Tries this image's migration and the way back, on a copy of a metadata database: `python -m farflow.upgrade_trial`.

What it found is printed. The exit status is 1 when one of the two failed, or could not be tried.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

from farflow import airflow_command, database, migration, schema, table_contents, table_locks
from farflow.airflow_command import CommandError
from farflow.schema import Relation, Revisions

SHOWN_LOCKS = 8
LONG_SECONDS = 20 * 60.0
"""Of CloudFormation's hour, a third."""


class TrialError(Exception):
    """Nothing can be tried; the message says why."""


@dataclass(frozen=True)
class Move:
    """One way of the database: what it took, and the tables that nobody else could use meanwhile."""

    seconds: float
    locks: Mapping[str, float] = field(default_factory=dict)
    """By table, in seconds."""
    error: str = ""


def try_out(environ: Mapping[str, str]) -> bool:
    """Up, and down again; whether both went well. Raises `TrialError`, `SchemaError`, or psycopg2's errors."""
    known = schema.histories()
    version = migration.about(known)["airflow_version"]
    with closing(database.connect(environ)) as connection:
        connection.autocommit = True
        refuse_shared(connection)
        before, held = schema.revisions(connection, known), table_contents.contents(connection)
        say("database", f"{sum(count for count, _ in held.values())} rows, at {schema.in_words(before)}")
        match schema.relation(known, before):
            case Relation.EMPTY:
                raise TrialError("it is empty, and nothing could go wrong")
            case Relation.AHEAD:
                raise TrialError(
                    f"it is newer than Airflow {version}, and only the newer version can take it down: its own check tries that too"
                )
            case Relation.EQUAL:
                say("migration", f"none: Airflow {version} needs these very revisions")
                return True
    up = move(environ, {history.name: history.head for history in known})
    tell("migration", up)
    if up.error:
        return False
    down = move(environ, before)
    tell("downgrade", down)
    with closing(database.connect(environ)) as connection:
        for difference in table_contents.differences(held, table_contents.contents(connection)):
            print(f"  not as before  {difference}", flush=True)
    if down.error:
        print("  so the way back is the snapshot: what is done on the new version until then would be lost", flush=True)
    return not down.error


def refuse_shared(connection: Connection) -> None:
    """A copy is nobody else's but RDS's own. Raises `TrialError` for a database that somebody works on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), min(application_name) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " AND usename <> 'rdsadmin'"
        )
        ((count, name),) = cursor.fetchall()
    if count:
        raise TrialError(f"it has {count} other connections ({name or 'without a name'}), so it is no copy")


def move(environ: Mapping[str, str], wanted: Revisions) -> Move:
    """By Airflow's own commands, as a migration calls them, while somebody watches the locks."""
    known = schema.histories()
    with closing(database.connect(environ)) as connection:
        commands = schema.way(known, schema.revisions(connection, known), wanted)
    began = time.monotonic()
    with table_locks.watched(environ) as locks:
        try:
            for command in commands:
                airflow_command.run_quietly(environ, command)
        except CommandError as error:
            return Move(time.monotonic() - began, locks, str(error))
    return Move(time.monotonic() - began, locks)


def tell(what: str, how: Move) -> None:
    """The locks that were held longest first."""
    say(what, f"{how.error or 'done'}, {how.seconds:.1f} s")
    if how.seconds > LONG_SECONDS:
        print(
            "  long: with draining and snapshot it has to fit into CloudFormation's hour; see make upgrade", flush=True
        )
    for table, seconds in sorted(how.locks.items(), key=lambda lock: -lock[1])[:SHOWN_LOCKS]:
        print(f"  locked         {table} {seconds:.2f} s", flush=True)


def say(what: str, how: str) -> None:
    """One line of the report."""
    print(f"{what:<15} {how}", flush=True)


def main() -> int:
    """The exit status."""
    try:
        return 0 if try_out(os.environ) else 1
    except (TrialError, schema.SchemaError, psycopg2.Error) as error:
        say("database", f"not tried to the end: {str(error).strip()}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
