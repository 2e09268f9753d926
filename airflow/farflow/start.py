"""`python -m farflow.start COMMAND ...`: becomes COMMAND as soon as the database has the revision of this image.

Until then it waits: so no version of Airflow ever works on the tables of another one, whoever started it, and nothing crashes
in a loop while a migration is under way. A container that waits is not healthy, and ECS goes on with the one before it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping

import psycopg2

from farflow import database, schema
from farflow.schema import Relation

LOOK_SECONDS = 1.0
TELL_SECONDS = 30.0


def hindrance(environ: Mapping[str, str]) -> str:
    """Why this image cannot work on the database now; empty when it can."""
    try:
        connection = database.connect(environ)
    except psycopg2.OperationalError as error:
        return f"the database does not answer: {str(error).strip()}"
    try:
        found = schema.revisions(connection, schema.histories())
    except psycopg2.Error as error:
        return f"the database's revision could not be read: {str(error).strip()}"
    finally:
        connection.close()
    try:
        if schema.relation(schema.histories(), found) is Relation.EQUAL:
            return ""
    except schema.SchemaError as error:
        return str(error)
    needed = {history.name: history.head for history in schema.histories()}
    return f"the database is at {schema.in_words(found)}; this image needs {schema.in_words(needed)}"


def main(command: list[str]) -> None:
    told_at = float("-inf")
    while reason := hindrance(os.environ):
        if time.monotonic() - told_at >= TELL_SECONDS:
            told_at = time.monotonic()
            print(f"waiting to start: {reason}", flush=True)
        time.sleep(LOOK_SECONDS)
    os.execvp(command[0], command)  # noqa: S606 - the task definition's own command


if __name__ == "__main__":
    main(sys.argv[1:])
