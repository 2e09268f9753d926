"""Watches which tables of a database are held against every reader, and for how long: what an upgrade would make others wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from farflow import database

LOOK_SECONDS = 0.02
QUERY = (
    "SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
    " JOIN pg_namespace ON pg_namespace.oid = relnamespace"
    " WHERE granted AND mode = 'AccessExclusiveLock' AND relkind = 'r' AND nspname = 'public'"
)


@contextmanager
def watched(environ: Mapping[str, str]) -> Iterator[dict[str, float]]:
    """By table, for about how many seconds even reading it had to wait; filled while the context lasts."""
    held: dict[str, float] = {}
    ended = threading.Event()

    def watch() -> None:
        with closing(database.connect(environ)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            looked_at = time.monotonic()
            while not ended.wait(LOOK_SECONDS):
                cursor.execute(QUERY)
                now = time.monotonic()
                for (table,) in cursor.fetchall():
                    held[table] = held.get(table, 0.0) + now - looked_at
                looked_at = now

    watcher = threading.Thread(target=watch, daemon=True, name="table-locks")
    watcher.start()
    try:
        yield held
    finally:
        ended.set()
        watcher.join()
