"""`make export-history`: an Airflow's past runs as JSON lines, for the simulator of worker scaling to replay.

A line is a DAG run that ended: `{"dag_id": ..., "run_after": seconds since 1970, "known": whether the schedule announced
it, "levels": [[seconds of each task], ...]}`. The tasks of a level waited for those of the level before. A task that was
tried again counts once, with the time of all tries; one that was deferred with the time until its end; a sensor that gave
its slot back between two looks with its last look.
"""

from __future__ import annotations

import heapq
import json
import math
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import psycopg

from local import layout, postgres, postgres_client
from workload_metrics import metadata_queries
from workload_metrics.dag_structure import DagStructure
from workload_metrics.metadata_database import StructureCache
from workload_metrics.observation import is_celery

DEFAULT_FILE = layout.ROOT / "build" / "history.jsonl"
DEFAULT_DAYS = 7.0
MOST_DAYS = 1e6
"""Before the year 4713 before Christ PostgreSQL knows no time."""
RUNS_AT_ONCE = 200
CACHED_STRUCTURES = 500

RUNS = """
    SELECT run.dag_id, extract(epoch FROM run.run_after)::float8, run.run_type = 'scheduled',
           run.created_dag_version_id, ti.tasks
    FROM dag_run run
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(
                   ti.task_id, ti.executor, extract(epoch FROM ti.start_date), extract(epoch FROM ti.end_date),
                   ti.duration + coalesce(earlier.duration, 0)) ORDER BY ti.start_date, ti.id) AS tasks
        FROM task_instance ti
        LEFT JOIN LATERAL (
            SELECT sum(duration) AS duration FROM task_instance_history
            WHERE dag_id = ti.dag_id AND run_id = ti.run_id AND task_id = ti.task_id AND map_index = ti.map_index
        ) earlier ON ti.try_number > 1
        WHERE ti.dag_id = run.dag_id AND ti.run_id = run.run_id AND ti.state IN ('success', 'failed')
          AND ti.start_date IS NOT NULL AND ti.end_date IS NOT NULL AND ti.duration > 0
    ) ti
    WHERE run.run_after >= to_timestamp(%(since)s) AND run.state IN ('success', 'failed')
    ORDER BY run.run_after
"""

type Task = tuple[str, float, float, float]
"""Its id, start, end, and the seconds that it held a slot."""


class ExportError(Exception):
    """There is nothing to read from; the message says what to give."""


class OptionError(ValueError):
    """A variable of the command is not as it should be."""


def main() -> int:
    file = Path(os.environ.get("HISTORY") or DEFAULT_FILE)
    try:
        days = days_of(os.environ)
        with psycopg.connect(database_url(os.environ)) as connection, replacing(file) as lines:
            count = export(connection, time.time() - days * 86400, lines)
    except OptionError as error:
        print(f"export-history: {error}", file=sys.stderr)
        return 2
    except (ExportError, OSError, psycopg.Error) as error:
        print(f"export-history: {error}", file=sys.stderr)
        return 1
    print(f"{count:,} runs of {days:g} days in {file}")
    return 0


def days_of(environ: Mapping[str, str]) -> float:
    """Raises `OptionError`."""
    text = environ.get("DAYS") or str(DEFAULT_DAYS)
    try:
        days = float(text)
    except ValueError:
        days = math.nan
    if not 0 < days <= MOST_DAYS:
        raise OptionError(f"DAYS={text}: it must be a number of days, above 0, such as 7 or 0.5")
    return days


@contextmanager
def replacing(file: Path) -> Iterator[TextIO]:
    """What is written here becomes the file only when all of it is there; before, and after an error, a former one stays."""
    file = file.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("w") as lines:
            yield lines
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def database_url(environ: Mapping[str, str]) -> str:
    """DATABASE_URL, as libpq or SQLAlchemy writes it; else the local stack's database. Raises `ExportError`."""
    url = environ.get("DATABASE_URL", "")
    if url:
        scheme, _, rest = url.partition("://")
        return f"{scheme.partition('+')[0]}://{rest}"
    stack = layout.Stack.load()
    if stack is None or not postgres.PASSWORD_FILE.exists():
        raise ExportError("no local stack runs: give DATABASE_URL=postgresql://user:password@host:5432/airflow")
    return f"postgresql://{postgres_client.USER}:{postgres.PASSWORD_FILE.read_text()}@127.0.0.1:{stack.postgres_port}/{postgres.DATABASE}"


def export(connection: psycopg.Connection[Any], since: float, lines: TextIO) -> int:
    """Write the runs since then, in the order in which they could begin. A few hundred are in memory at once."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    cache = StructureCache(CACHED_STRUCTURES)
    count = 0
    with connection.cursor(name="history") as cursor:
        cursor.itersize = RUNS_AT_ONCE
        for dag_id, run_after, known, version_id, raw in cursor.execute(RUNS, {"since": since}):
            structure = _structure(connection, cache, version_id)
            tasks = _tasks(raw or [], structure)
            if not tasks:
                continue
            levels = by_dependency(tasks, structure) if structure else by_time(tasks)
            line = {"dag_id": dag_id, "run_after": round(run_after, 3), "known": known, "levels": levels}
            lines.write(json.dumps(line, separators=(",", ":")) + "\n")
            count += 1
    return count


def _tasks(raw: Iterable[tuple[str, str | None, float, float, float]], structure: DagStructure | None) -> list[Task]:
    """Those that held a slot of a Celery worker."""
    tasks = structure.tasks if structure else {}
    return [
        (task_id, start, end, round(float(seconds), 3))
        for task_id, executor, start, end, seconds in raw
        if is_celery(executor) and (task_id not in tasks or tasks[task_id].takes_slot)
    ]


def _structure(
    connection: psycopg.Connection[Any], cache: StructureCache, version_id: UUID | None
) -> DagStructure | None:
    if version_id is None:
        return None
    if cache.is_new(str(version_id)):
        rows = connection.execute(metadata_queries.STRUCTURES, {"version_ids": [version_id]}).fetchall()
        for _, dag_hash, data, compressed in rows:
            cache.add(str(version_id), dag_hash, data, compressed)
    return cache.structures([str(version_id)]).get(str(version_id))


def by_dependency(tasks: Iterable[Task], structure: DagStructure) -> list[list[float]]:
    """A task's level is the longest way to it through tasks that ran."""
    ran: dict[str, list[float]] = {}
    for task_id, _, _, seconds in tasks:
        ran.setdefault(task_id, []).append(seconds)
    depths: dict[str, int] = {}
    for task_id in _top_down(structure):
        above = structure.tasks[task_id].upstream
        depths[task_id] = max((depths[other] + (other in ran) for other in above), default=0)
    levels: dict[int, list[float]] = {}
    for task_id, all_seconds in ran.items():
        levels.setdefault(depths.get(task_id, 0), []).extend(all_seconds)
    return [levels[depth] for depth in sorted(levels)]


def _top_down(structure: DagStructure) -> Iterator[str]:
    waits_for = {task_id: len(task.upstream) for task_id, task in structure.tasks.items()}
    ready = [task_id for task_id, number in waits_for.items() if not number]
    while ready:
        task_id = ready.pop()
        yield task_id
        for other in structure.tasks[task_id].downstream:
            waits_for[other] -= 1
            if not waits_for[other]:
                ready.append(other)


def by_time(tasks: Iterable[Task]) -> list[list[float]]:
    """Without the structure: a task's level is one below the lowest of those that had ended when it began."""
    levels: list[list[float]] = []
    running: list[tuple[float, int]] = []
    level = 0
    for _, start, end, seconds in sorted(tasks, key=lambda task: task[1]):
        while running and running[0][0] <= start:
            level = max(level, heapq.heappop(running)[1] + 1)
        heapq.heappush(running, (end, level))
        if level == len(levels):
            levels.append([])
        levels[level].append(seconds)
    return levels


if __name__ == "__main__":
    sys.exit(main())
