"""What one look at the metadata database takes that holds a million task instances: `make bench-observing`."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from benchmarks import metadata_load, report
from benchmarks.report import Row
from local import metadata_database
from local.metadata_database import MetadataDatabase
from workload_metrics import metadata_queries
from workload_metrics.durations import encode
from workload_metrics.forecast import forecast
from workload_metrics.metadata_database import Connection, StructureCache, connect, learn, observe

LOAD = metadata_load.Load(
    dags=1000,
    versions=3,
    past_runs=200,
    active_runs=400,
    queued=100,
    scheduled=1000,
    retrying=50,
    rescheduled=50,
)
HORIZON_SECONDS = 105.0
TIMES = 40
SYSTEM = "Farflow"


def main() -> int:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp()
    with tempfile.TemporaryDirectory() as folder, metadata_database.migrated(Path(folder) / "server") as server:
        print(f"filling in {LOAD.task_instances:,} task instances", flush=True)
        with psycopg.connect(server.url) as connection:
            metadata_load.fill(connection, LOAD, now)
        rows = measure(server, now)
    for row in rows:
        print(f"{row.work:24} {row.metric:8} {row.value:10.2f} {row.unit}")
    report.save("observing", rows)
    publish(rows)
    return 0


def measure(server: MetadataDatabase, now: float) -> list[Row]:
    reading = connect(
        host="127.0.0.1",
        port=server.port,
        dbname=metadata_database.DATABASE,
        user=metadata_database.USER,
        password=metadata_database.PASSWORD,
        sslmode="disable",
    )
    rows = []
    for name, sql in sorted(vars(metadata_queries).items()):
        if name.isupper() and name not in {"DURATIONS", "HASHES", "STRUCTURES"}:
            rows += timed(name, lambda sql=sql: reading.execute(sql, values(now)).fetchall())  # type: ignore[misc]
    cache = StructureCache()
    rows += timed("first look", lambda: observe(reading, StructureCache(), now, HORIZON_SECONDS), times=5)
    rows += timed("look", lambda: observe(reading, cache, now, HORIZON_SECONDS))
    observation, structures = observe(reading, cache, now, HORIZON_SECONDS)
    durations = learn(reading, now)
    until = now + HORIZON_SECONDS
    rows += timed("forecast", lambda: forecast(observation, structures, durations, until))
    rows += timed("learn", lambda: learn(reading, now), times=5)
    rows.append(Row("learnt", SYSTEM, "size", sum(map(len, encode(durations))) / 1000, "KB"))
    _describe(reading)
    return rows


def values(now: float) -> dict[str, object]:
    moment = datetime.fromtimestamp(now, UTC)
    dag_ids = [f"dag_{number}" for number in range(1, 501)]
    return {"now": moment, "until": moment + timedelta(seconds=HORIZON_SECONDS), "dag_ids": dag_ids}


def timed(work: str, call: Callable[[], object], times: int = TIMES) -> list[Row]:
    call()
    milliseconds = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        milliseconds.append((time.perf_counter() - began) * 1000)
    return [
        Row(work, SYSTEM, "median", statistics.median(milliseconds), "ms"),
        Row(work, SYSTEM, "p95", statistics.quantiles(milliseconds, n=20)[-1], "ms"),
    ]


def _describe(reading: Connection) -> None:
    for table in ("task_instance", "dag_run", "task_reschedule", "serialized_dag"):
        count = reading.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]  # noqa: S608 - names from above
        print(f"{table}: {count:,} rows")


def publish(rows: list[Row]) -> None:
    value = {(row.work, row.metric): row.value for row in rows}
    lines = [
        [title, f"{value[work, 'median']:.1f} ms", f"{value[work, 'p95']:.1f} ms"]
        for work, title in (
            ("IN_SLOTS_OR_ASLEEP", "running, to be retried, to be looked at again"),
            ("WAITING", "queued, scheduled, deferred"),
            ("RUNS", "running runs"),
            ("QUEUED_RUNS", "queued runs"),
            ("PROGRESS", "how far each running run is"),
            ("DAGS", "limits and next runs of 500 DAGs"),
            ("POOLS", "pools"),
            ("look", "**one look**: all of these, in one transaction"),
            ("forecast", "**the forecast** from it"),
            ("first look", "the first look of a process, which parses the DAGs' structures"),
            ("learn", "learning the durations, once an hour"),
        )
    ]
    report.write_page(
        "observing",
        "What a look at the metadata database takes",
        f"""
`make bench-observing` fills an embedded PostgreSQL 18 that has Airflow's own schema with {LOAD.task_instances:,} task
instances of {LOAD.dags:,} DAGs that are over, and with a busy moment: {LOAD.active_runs + LOAD.queued} active runs,
{LOAD.active_runs} running, {LOAD.queued} queued, {LOAD.scheduled:,} scheduled, {LOAD.retrying + LOAD.rescheduled} that
sleep. Then it looks as `workload_metrics` does.

{report.table(["", "median", "95th percentile"], lines)}

What was learnt of all DAGs is kept in {value["learnt", "size"]:.0f} KB. The network between function and database comes
on top: a look is some eight requests, one after the other.
""",
    )


if __name__ == "__main__":
    sys.exit(main())
