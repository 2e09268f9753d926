"""Airflow's metadata database, read in short transactions that can write nothing and are ended when they take long."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg

from . import metadata_queries as queries
from .dag_structure import DagStructure, UnknownStructureError, load
from .durations import Durations, learnt_from
from .observation import Dag, Instances, Observation, Pool, Progress, QueuedRuns, Run

OBSERVE_TIMEOUT_SECONDS = 4
LEARN_TIMEOUT_SECONDS = 60
CONNECT_TIMEOUT_SECONDS = 5
LEARN_DAYS = 14
LEARN_RUNS = 20
"""The last runs of a DAG tell how long its tasks take."""
CACHED_STRUCTURES = 2000
WORK_MEMORY = "32MB"
"""Of the server, for one query: enough to group a hundred thousand task instances without sorting them on its disk."""

type Row = tuple[Any, ...]
type Connection = psycopg.Connection[Row]


def connect(*, host: str, port: int, dbname: str, user: str, password: str, sslmode: str) -> Connection:
    """A connection that can only read; `sslmode` is libpq's. Raises `psycopg.OperationalError`."""
    connection = psycopg.connect(
        host=host,
        port=port,
        dbname=dbname,
        user=user,
        password=password,
        sslmode=sslmode,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        application_name="farflow workload_metrics",
        autocommit=True,
        # A plan for the values at hand: one that suits any would be wrong for most.
        prepare_threshold=None,
    )
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


class StructureCache:
    """The structures of DAG versions, parsed once and kept for as long as the function's process lives."""

    def __init__(self, most: int = CACHED_STRUCTURES) -> None:
        self._most = most
        self._known: OrderedDict[str, tuple[str, DagStructure | None]] = OrderedDict()
        self.errors: dict[str, str] = {}
        """By version, why its structure is not known."""

    def outdated(self, hashes: Mapping[str, str]) -> list[str]:
        """The versions of which the structure is not here, or another one."""
        return [version_id for version_id, dag_hash in hashes.items() if self._hash(version_id) != dag_hash]

    def is_new(self, version_id: str) -> bool:
        """Whether nothing was added for it."""
        return version_id not in self._known

    def add(self, version_id: str, dag_hash: str, data: object, compressed: bytes | None) -> None:
        """Parse a structure. One that cannot be parsed is remembered as unknown."""
        structure = None
        self.errors.pop(version_id, None)
        try:
            structure = load(data, compressed)
        except UnknownStructureError as error:
            self.errors[version_id] = str(error)
        self._known[version_id] = (dag_hash, structure)
        self._known.move_to_end(version_id)
        while len(self._known) > self._most:
            self.errors.pop(self._known.popitem(last=False)[0], None)

    def structures(self, version_ids: Iterable[str]) -> dict[str, DagStructure]:
        """Those of `version_ids` that are known."""
        found = {}
        for version_id in version_ids:
            if version_id in self._known:
                self._known.move_to_end(version_id)
                structure = self._known[version_id][1]
                if structure is not None:
                    found[version_id] = structure
        return found

    def _hash(self, version_id: str) -> str | None:
        return self._known[version_id][0] if version_id in self._known else None


def observe(
    connection: Connection, cache: StructureCache, now: float, horizon_seconds: float
) -> tuple[Observation, dict[str, DagStructure]]:
    """One snapshot of the database, and the structures of the DAG versions in it by version id.

    Raises `psycopg.Error`: the database cannot be asked, or does not answer in time.
    """
    until = _datetime(now + horizon_seconds)
    with _snapshot(connection, OBSERVE_TIMEOUT_SECONDS) as cursor:
        instances = (
            *map(_instance, cursor.execute(queries.IN_SLOTS_OR_ASLEEP)),
            *map(_waiting, cursor.execute(queries.WAITING)),
        )
        runs = tuple(
            Run(dag_id, run_id, _utc(logical_date), _text(version_id), backfill_id)
            for dag_id, run_id, logical_date, backfill_id, version_id in cursor.execute(queries.RUNS)
        )
        queued = tuple(QueuedRuns(*row) for row in cursor.execute(queries.QUEUED_RUNS, {"now": _datetime(now)}))
        progress = tuple(Progress(*row) for row in cursor.execute(queries.PROGRESS))
        dag_ids = sorted({dag_id for rows in (instances, runs, queued) for dag_id in _dag_ids(rows)})
        dags = {row[0]: _dag(row) for row in cursor.execute(queries.DAGS, {"dag_ids": dag_ids, "until": until})}
        pools = {row[0]: Pool(*row) for row in cursor.execute(queries.POOLS)}
        newest = {dag.version_id for dag in dags.values()}
        version_ids = {version_id for version_id in newest | {run.version_id for run in runs} if version_id is not None}
        _fill(cursor, cache, version_ids)
    observation = Observation(now, instances, runs, queued, progress, dags, pools)
    return observation, cache.structures(version_ids)


def learn(connection: Connection, now: float) -> Durations:
    """How long tasks took lately. Some hundred milliseconds for a hundred thousand task instances: not at each tick."""
    since = _datetime(now - LEARN_DAYS * 86400)
    with _snapshot(connection, LEARN_TIMEOUT_SECONDS) as cursor:
        return learnt_from(cursor.execute(queries.DURATIONS, {"since": since, "runs": LEARN_RUNS}))


@contextmanager
def _snapshot(connection: Connection, timeout_seconds: int) -> Iterator[psycopg.Cursor[Row]]:
    """One transaction, in which all queries see the same."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('work_mem', %s, true), set_config('jit', 'off', true)",
            [f"{timeout_seconds}s", WORK_MEMORY],
        )
        yield cursor


def _dag_ids(rows: Iterable[Instances | Run | QueuedRuns]) -> set[str]:
    return {row.dag_id for row in rows}


def _fill(cursor: psycopg.Cursor[Row], cache: StructureCache, version_ids: Iterable[str]) -> None:
    hashes = {
        str(version_id): dag_hash
        for version_id, dag_hash in cursor.execute(queries.HASHES, {"version_ids": _uuids(version_ids)})
    }
    if outdated := cache.outdated(hashes):
        for version_id, dag_hash, data, compressed in cursor.execute(
            queries.STRUCTURES, {"version_ids": _uuids(outdated)}
        ):
            cache.add(str(version_id), dag_hash, data, compressed)


def _instance(row: Row) -> Instances:
    hostname, start, end, try_number, is_resumed, retry_delay_override, rescheduled_to, rescheduled_at = row[9:17]
    alike = _alike(row)
    return Instances(
        **alike,
        since=_epoch(end if alike["state"] == "up_for_retry" else start),
        hostname=hostname or "",
        try_number=try_number,
        is_resumed=is_resumed,
        retry_delay_override=retry_delay_override,
        rescheduled_to=_epoch(rescheduled_to),
        poke_interval=(rescheduled_to - rescheduled_at).total_seconds() if rescheduled_to else None,
    )


def _waiting(row: Row) -> Instances:
    count, queued_at, scheduled_at, started_at = row[9:13]
    alike = _alike(row)
    since = {"queued": queued_at, "scheduled": scheduled_at}.get(alike["state"], started_at)
    return Instances(**alike, count=count, since=_epoch(since))


def _alike(row: Row) -> dict[str, Any]:
    """Fields of `Instances` with which the rows of both queries begin and end."""
    dag_id, run_id, task_id, state, queue, executor, pool, pool_slots, priority_weight = row[:9]
    run_type, run_state, logical_date = row[-3:]
    return {
        "dag_id": dag_id,
        "run_id": run_id,
        "task_id": task_id,
        "state": state,
        "queue": queue or "",
        "executor": executor,
        "pool": pool,
        "pool_slots": pool_slots,
        "priority_weight": priority_weight or 0,
        "run_type": run_type,
        "run_state": run_state,
        "logical_date": _utc(logical_date),
    }


def _dag(row: Row) -> Dag:
    dag_id, is_paused, max_active_tasks, max_active_runs, next_run_at, interval_seconds, version_id = row
    return Dag(
        dag_id=dag_id,
        is_paused=is_paused is not False,
        max_active_tasks=max_active_tasks,
        max_active_runs=max_active_runs,
        next_run_at=_epoch(next_run_at),
        data_interval_seconds=interval_seconds or None,
        version_id=_text(version_id),
    )


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _datetime(epoch: float) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)


def _text(version_id: UUID | None) -> str | None:
    return None if version_id is None else str(version_id)


def _uuids(version_ids: Iterable[str]) -> list[UUID]:
    return [UUID(version_id) for version_id in sorted(version_ids)]
