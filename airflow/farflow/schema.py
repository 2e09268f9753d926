"""The revisions of the metadata database: those that this image knows, and those that a database is at.

An image's are read from the text of its migrations, since Airflow takes seconds to be imported and every container asks. There
are two histories, each with a table that says how far it is: Airflow's own, and the auth manager's.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

ASSIGNMENT = re.compile(r'^(revision|down_revision)\b[^=\n]*= *(?:"(\w+)"|None)', re.MULTILINE)

type Revisions = Mapping[str, str | None]
"""By the name of the history: where a database is. None: its tables were never made."""


class SchemaError(Exception):
    """The image's migrations cannot be read, or fit a database in one part and not in another."""


@dataclass(frozen=True)
class History:
    """One line of revisions, the oldest first."""

    name: str
    version_table: str
    revisions: tuple[str, ...]

    @property
    def head(self) -> str:
        """What this image needs."""
        return self.revisions[-1]


class Relation(StrEnum):
    """Of a database to an image."""

    EMPTY = "empty"
    """Nothing was made in it yet."""
    EQUAL = "equal"
    BEHIND = "behind"
    """An upgrade is needed, with this image."""
    AHEAD = "ahead"
    """A downgrade is needed, with the newer image that migrated it."""


@cache
def histories() -> tuple[History, ...]:
    """Of this image. Raises `SchemaError`."""
    spec = importlib.util.find_spec("airflow")
    if spec is None or spec.origin is None:
        raise SchemaError("there is no Airflow in this image")
    return histories_of(Path(spec.origin).parent)


def histories_of(airflow: Path) -> tuple[History, ...]:
    """Of the Airflow whose package is in that folder. Raises `SchemaError`."""
    fab = airflow / "providers" / "fab"
    return (
        History("airflow", "alembic_version", read_history(airflow / "migrations" / "versions")),
        History("fab", "alembic_version_fab", read_history(fab / "migrations" / "versions")),
    )


def read_history(folder: Path) -> tuple[str, ...]:
    """The revisions of Alembic's files in `folder`, in order. Raises `SchemaError` when they are not one line."""
    successors: dict[str | None, str] = {}
    files = sorted(folder.glob("*.py"))
    for file in files:
        found = {name: revision or None for name, revision in ASSIGNMENT.findall(file.read_text())}
        if found.keys() == {"revision", "down_revision"}:
            successors[found["down_revision"]] = found["revision"] or ""
    line: list[str] = []
    while (following := successors.get(line[-1] if line else None)) is not None:
        line.append(following)
    if not line or len(line) != sum(file.name != "__init__.py" for file in files):
        raise SchemaError(f"the migrations in {folder} are not one line of revisions")
    return tuple(line)


def revisions(connection: Any, known: Sequence[History]) -> dict[str, str | None]:
    """Where a database is, by a connection of any driver of Python's DB-API, whose errors it has."""
    found: dict[str, str | None] = {}
    cursor = connection.cursor()
    for history in known:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (f"public.{history.version_table}",))
        (exists,) = cursor.fetchone()
        row = None
        if exists:
            cursor.execute(f"SELECT version_num FROM public.{history.version_table}")  # noqa: S608 - a name of ours
            row = cursor.fetchone()
        found[history.name] = row[0] if row else None
    return found


def relation(known: Sequence[History], found: Revisions) -> Relation:
    """Raises `SchemaError` when one part of the database is older than the image and another one newer."""
    if all(revision is None for revision in found.values()):
        return Relation.EMPTY
    parts = {_relation(history, found[history.name]) for history in known} - {Relation.EQUAL}
    if len(parts) > 1:
        raise SchemaError(f"the database is at {in_words(found)}, of which this image knows one part and lacks another")
    return parts.pop() if parts else Relation.EQUAL


def _relation(history: History, revision: str | None) -> Relation:
    if revision == history.head:
        return Relation.EQUAL
    return Relation.BEHIND if revision is None or revision in history.revisions else Relation.AHEAD


def way(known: Sequence[History], found: Revisions, wanted: Revisions) -> list[list[str]]:
    """Airflow's commands that lead from one to the other; what is not wanted anywhere stays. Raises `SchemaError` when this image does not know the way."""
    commands = []
    for history in known:
        here, there = found[history.name], wanted.get(history.name)
        if there is None or here == there:
            continue
        for revision in (here, there):
            if revision is not None and revision not in history.revisions:
                raise SchemaError(f"this image does not know the revision {revision} of {history.name}")
        program = ["airflow", "db" if history.name == "airflow" else f"{history.name}-db"]
        if here is None or history.revisions.index(here) < history.revisions.index(there):
            commands.append([*program, "migrate", "--to-revision", there])
        else:
            commands.append([*program, "downgrade", "--to-revision", there, "--yes"])
    return commands


def in_words(found: Revisions) -> str:
    """For messages: `airflow 5e61cc6d3b2b, fab 02ca36b0235b`."""
    return ", ".join(f"{name} {revision or 'nothing'}" for name, revision in found.items())
