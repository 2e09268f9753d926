"""What is in a database's tables, as counts and checksums, and what of it has changed. Errors are psycopg2's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

    from psycopg2.extensions import connection as Connection  # noqa: N812 - it is a class

CHANGING = ("alembic_version", "alembic_version_fab", "log")
"""Tables that a migration writes to by its nature: its revisions, and that somebody called it."""

type Contents = Mapping[str, tuple[int, Decimal | None]]
"""By table: how many rows, and a checksum of them in whatever order."""


def contents(connection: Connection) -> Contents:
    """Of every table but those that are `CHANGING`."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in sorted(cursor.fetchall()):
            if table not in CHANGING:
                cursor.execute(
                    f'SELECT count(*), sum(hashtextextended(kept::text, 0)::numeric) FROM public."{table}" kept'  # noqa: S608
                )
                ((count, checksum),) = cursor.fetchall()
                found[table] = (count, checksum)
    return found


def differences(before: Contents, after: Contents) -> list[str]:
    """In words."""
    found = [f"{table} is gone, with {before[table][0]} rows" for table in before.keys() - after.keys()]
    found += [f"{table} stays, which was not there" for table in after.keys() - before.keys()]
    for table in before.keys() & after.keys():
        if before[table][0] != after[table][0]:
            found.append(f"{table} has {after[table][0]} rows instead of {before[table][0]}")
        elif before[table] != after[table]:
            found.append(f"{table} has other values in its {before[table][0]} rows")
    return sorted(found)
