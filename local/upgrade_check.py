"""`make upgrade-check`: tries an upgrade and the way back on a copy of a metadata database, and the DAGs on the new version.

    FROM=3.2.2           without a database: an empty one of that version
    DATABASE_URL=...     a copy of this one, by pg_dump, which only reads; without it a copy of the local stack's, when it runs
    TO=3.3.2             the version to try; without it, the one that this Farflow has
    DAGS=dags            the folder of DAGs that the new version is shown

The exit status is 1 when the migration fails, when the way back fails, or when a DAG is refused.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from farflow import schema
from farflow.schema import History
from local import layout, metadata_database, postgres, stack_control
from local.errors import LocalStackError
from local.metadata_database import MetadataDatabase
from local.postgres_client import binaries

LOOK_SECONDS = 0.02
LINT_SECONDS = 600.0
AUTH_MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
CHANGING = ("alembic_version", "alembic_version_fab", "log")
"""Tables that a migration writes to by its nature: its revisions, and that somebody called it."""


class UpgradeCheckError(LocalStackError):
    """It could not be tried; the message says what to do."""


@dataclass(frozen=True)
class Version:
    """An Airflow that is an environment on disk."""

    number: str
    python: Path

    @property
    def histories(self) -> tuple[History, ...]:
        """What its database has to be."""
        (folder,) = self.python.parent.parent.glob("lib/python3*/site-packages/airflow")
        return schema.histories_of(folder)

    @property
    def heads(self) -> dict[str, str]:
        """The newest revisions."""
        return {history.name: history.head for history in self.histories}


@dataclass(frozen=True)
class Move:
    """One way of the database: what it took, and the tables that nobody else could use meanwhile."""

    seconds: float
    locks: Mapping[str, float]
    """By table, for about how many seconds even reading it had to wait."""
    error: str = ""


def version(number: str) -> Version:
    """Raises `UpgradeCheckError` for one that is not here."""
    present = present_version()
    environments = {present: "airflow", **{former: f"airflow-{former}" for former in layout.FORMER_AIRFLOWS}}
    if number not in environments:
        raise UpgradeCheckError(f"Airflow {number} is not known here; there are {', '.join(environments)}")
    python = layout.environment_python(environments[number])
    if not python.exists():
        raise UpgradeCheckError(f"run `python3 local/environments.py {environments[number]}` first")
    return Version(number, python)


def present_version() -> str:
    """Of the image's own lock."""
    lines = (layout.ROOT / "airflow" / "requirements.txt").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("apache-airflow==")]
    return line.removeprefix("apache-airflow==").rstrip(" \\")


def main() -> int:
    try:
        return check(os.environ)
    except LocalStackError as error:
        print(f"upgrade-check: {error}", file=sys.stderr)
        return 1


def check(environ: Mapping[str, str]) -> int:
    """Try it, and tell. The exit status."""
    to = version(environ.get("TO") or present_version())
    folder = Path(environ.get("DAGS") or layout.ROOT / "dags").expanduser().resolve()
    with tempfile.TemporaryDirectory() as scratch, metadata_database.empty(Path(scratch) / "copy") as copy:
        source = fill(copy, environ, Path(scratch))
        failed = try_out(copy, to, source)
    return int(refuses(to, folder) or failed)


def fill(copy: MetadataDatabase, environ: Mapping[str, str], scratch: Path) -> str:
    """Give the copy its content. Returns where that is from."""
    url = environ.get("DATABASE_URL", "")
    if url or (not environ.get("FROM") and stack_control.running()):
        dump = scratch / "metadata.dump"
        if url:
            call([binaries() / "pg_dump", "--format=custom", "--no-owner", "--no-acl", f"--file={dump}", url])
        else:
            postgres.client().dump(postgres.DATABASE, dump)
        restore = [binaries() / "pg_restore", "--exit-on-error", "--no-owner", "--no-acl"]
        call([*restore, f"--dbname={copy.url}", dump])
        return "a copy of DATABASE_URL" if url else "a copy of the local stack's"
    if not environ.get("FROM"):
        raise UpgradeCheckError("say FROM=<version> or DATABASE_URL=<url>, or start the local stack")
    former = version(environ["FROM"])
    if error := move(copy, former, former.heads).error:
        raise UpgradeCheckError(f"a database of Airflow {former.number} could not be made: {error}")
    return f"an empty one of Airflow {former.number}"


def try_out(copy: MetadataDatabase, to: Version, source: str) -> bool:
    """Up, and down again. Whether one of them failed."""
    before, content = revisions(copy, to), fingerprint(copy)
    rows = sum(count for count, _ in content.values())
    print(f"database        {source}: {rows} rows, at {schema.in_words(before)}")
    if before == to.heads:
        print(f"migration       none: Airflow {to.number} needs these very revisions")
        return False
    if unknown := [revision for revision in before.values() if revision and not is_known(to, revision)]:
        raise UpgradeCheckError(f"Airflow {to.number} does not know the revision {unknown[0]}: it is the older one")
    up = move(copy, to, to.heads)
    tell("migration", up)
    if up.error:
        return True
    down = move(copy, to, {name: revision for name, revision in before.items() if revision})
    tell("downgrade", down)
    for difference in differences(content, fingerprint(copy)):
        print(f"  not as before  {difference}")
    if down.error:
        print("  so the way back is the snapshot: what is done on the new version until then would be lost")
    return bool(down.error)


def is_known(to: Version, revision: str) -> bool:
    return any(revision in history.revisions for history in to.histories)


def revisions(copy: MetadataDatabase, of: Version) -> dict[str, str | None]:
    """Where the copy is."""
    with psycopg.connect(copy.url) as connection:
        return schema.revisions(connection, of.histories)


def move(copy: MetadataDatabase, by: Version, wanted: Mapping[str, str]) -> Move:
    """Airflow's own commands, as the migration task calls them, while somebody watches the locks."""
    commands = schema.way(by.histories, revisions(copy, by), wanted)
    with tempfile.TemporaryDirectory() as home:
        environ = {**copy.airflow_environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__AUTH_MANAGER": AUTH_MANAGER}
        began = time.monotonic()
        with watched_locks(copy) as locks:
            for command in commands:
                result = subprocess.run(
                    [str(by.python), "-m", *command], env=environ, capture_output=True, text=True, check=False
                )
                if result.returncode != 0:
                    failure = f"{' '.join(command[:3])}: {last_error(result.stdout + result.stderr)}"
                    return Move(time.monotonic() - began, locks, failure)
        return Move(time.monotonic() - began, locks)


def last_error(output: str) -> str:
    """Of a program's output the line that names its error, else its last one."""
    lines = output.strip().splitlines() or [""]
    return next((line for line in reversed(lines) if "Error: " in line or "errors." in line), lines[-1]).strip()


@contextmanager
def watched_locks(copy: MetadataDatabase) -> Iterator[dict[str, float]]:
    """By table, for how long somebody held it against every reader; filled while the context lasts."""
    held: dict[str, float] = {}
    ended = threading.Event()

    def watch() -> None:
        query = (
            "SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
            " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
            " WHERE granted AND mode = 'AccessExclusiveLock' AND relkind = 'r' AND nspname = 'public'"
        )
        with psycopg.connect(copy.url, autocommit=True) as connection:
            looked_at = time.monotonic()
            while not ended.wait(LOOK_SECONDS):
                rows = connection.execute(query).fetchall()
                now = time.monotonic()
                for (table,) in rows:
                    held[table] = held.get(table, 0.0) + now - looked_at
                looked_at = now

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield held
    finally:
        ended.set()
        watcher.join()


def tell(name: str, what: Move) -> None:
    print(f"{name:<15} {what.error or 'done'}, {what.seconds:.1f} s")
    for table, seconds in sorted(what.locks.items(), key=lambda lock: -lock[1])[:8]:
        print(f"  locked         {table} {seconds:.2f} s")


def fingerprint(copy: MetadataDatabase) -> dict[str, tuple[int, Any]]:
    """Count and checksum of each table's rows, which may come in any order."""
    found = {}
    with psycopg.connect(copy.url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in sorted(tables):
            if table in CHANGING:
                continue
            query = f'SELECT count(*), sum(hashtextextended(kept::text, 0)::numeric) FROM public."{table}" kept'  # noqa: S608
            ((count, checksum),) = connection.execute(query).fetchall()
            found[table] = (count, checksum)
    return found


def differences(before: Mapping[str, tuple[int, Any]], after: Mapping[str, tuple[int, Any]]) -> list[str]:
    """What going up and down again did not bring back, in words."""
    found = [f"{table} is gone, with {before[table][0]} rows" for table in before.keys() - after.keys()]
    found += [f"{table} stays, which was not there" for table in after.keys() - before.keys()]
    for table in before.keys() & after.keys():
        if before[table][0] != after[table][0]:
            found.append(f"{table} has {after[table][0]} rows instead of {before[table][0]}")
        elif before[table] != after[table]:
            found.append(f"{table} has other values in its {before[table][0]} rows")
    return sorted(found)


def refuses(to: Version, folder: Path) -> bool:
    """Show the DAGs to the new version, by the push gate's own lint."""
    result = subprocess.run(
        [sys.executable, "-m", "dag_lint", "--python", str(to.python), str(folder)],
        env={
            **os.environ,
            "PYTHONPATH": str(layout.ROOT / "layers" / "dag_lint"),
            "XDG_CACHE_HOME": str(layout.STATE / "cache"),
        },
        capture_output=True,
        text=True,
        timeout=LINT_SECONDS,
        check=False,
    )
    print(f"DAGs            {folder} on Airflow {to.number}: {'refused' if result.returncode else 'accepted'}")
    if result.returncode:
        print(result.stdout.strip() or result.stderr.strip())
    return result.returncode != 0


def call(command: list[Any]) -> None:
    """Raises `UpgradeCheckError` with the program's last words."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise UpgradeCheckError(f"{Path(command[0]).name} failed: {result.stderr.strip()[-500:]}")


if __name__ == "__main__":
    sys.exit(main())
