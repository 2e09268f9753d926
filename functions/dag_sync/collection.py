"""Removing the releases that nobody reads any more."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from .dag_bucket import IN_USE_KEY, DagBucket
from .release_store import ReleaseStore

KEPT_RELEASES = 10
KEPT_TIME = timedelta(hours=24)
"""So long after another took its place: NFS clients may see it for a minute, a task that is being started for longer."""

REMOVED_AT_ONCE = 5
"""Removing is as slow as a file system's calls for each file, and others wait for the lock."""

FRESH = timedelta(minutes=15)
"""How old Airflow's word of what its runs use may be. Without it nothing is removed."""


def collect(store: ReleaseStore, bucket: DagBucket, now: datetime) -> list[str]:
    """For the holder of the store's lock. Returns the ids of the releases removed."""
    removed = unread(store, bucket, now)[:REMOVED_AT_ONCE]
    if removed or store.leftovers():
        store.remove(removed)
    return removed


def unread(store: ReleaseStore, bucket: DagBucket, now: datetime) -> list[str]:
    """The releases that nobody reads; none when that is not known."""
    ids = store.ids()
    if len(ids) <= KEPT_RELEASES:
        return []
    in_use = releases_in_use(bucket.read_json(IN_USE_KEY), now)
    if in_use is None:
        return []
    replaced_at = {}
    for older, newer in pairwise(ids[: len(ids) - KEPT_RELEASES + 1]):
        with suppress(FileNotFoundError):
            replaced_at[older] = datetime.fromtimestamp(store.served_since(newer), UTC)
    return removable(ids, replaced_at, in_use, now)


def releases_in_use(record: dict[str, Any] | None, now: datetime) -> AbstractSet[str] | None:
    """What the DAG processor wrote: the releases of unfinished runs. None when it is unknown: unknown is not empty."""
    if record is None:
        return None
    try:
        observed_at = datetime.fromisoformat(record["observed_at"])
        versions = {str(version) for version in record["releases"]}
        fresh = now - observed_at < FRESH
    except (KeyError, TypeError, ValueError):
        return None
    return versions if fresh else None


def removable(ids: list[str], replaced_at: dict[str, datetime], in_use: AbstractSet[str], now: datetime) -> list[str]:
    """Of releases, oldest first: those neither among the newest, nor lately replaced, nor named by an unfinished run.

    One of which it is not known when it was replaced stays.
    """
    return [
        release_id
        for release_id in ids[:-KEPT_RELEASES]
        if release_id in replaced_at and now - replaced_at[release_id] > KEPT_TIME and release_id not in in_use
    ]
