"""What one look at Airflow's metadata database finds. Times are seconds since 1970; names are Airflow's columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Instances:
    """`count` task instances of one task in one run that are alike, in a state that is neither final nor empty."""

    dag_id: str
    run_id: str
    task_id: str
    state: str
    queue: str
    executor: str | None
    pool: str
    pool_slots: int
    priority_weight: int
    count: int = 1
    since: float | None = None
    """Running, deferred: its start; queued, scheduled: since when; to be retried: the end of the try that failed."""
    hostname: str = ""
    try_number: int = 0
    is_resumed: bool = False
    """Running again after a deferral; `since` is its first start."""
    retry_delay_override: float | None = None
    rescheduled_to: float | None = None
    """Of a sensor between two looks: when it looks again. Of one that looks, when it began to."""
    poke_interval: float | None = None
    """From the end of its last look to the next."""
    run_type: str = ""
    run_state: str = ""
    logical_date: datetime | None = None


@dataclass(frozen=True)
class Run:
    """A DAG run in state `running`."""

    dag_id: str
    run_id: str
    logical_date: datetime | None
    version_id: str | None
    """Of the DAG version that it is bound to; None is the newest."""
    backfill_id: int | None = None


@dataclass(frozen=True)
class QueuedRuns:
    """DAG runs in state `queued`, of one DAG; those of a backfill have a limit of their own."""

    dag_id: str
    backfill_id: int | None
    backfill_max_active_runs: int | None
    count: int


@dataclass(frozen=True)
class Progress:
    """How many task instances of a task of a running DAG run are in one state; None is not looked at yet."""

    dag_id: str
    run_id: str
    task_id: str
    state: str | None
    count: int
    is_unmapped: bool = True
    """A single row without map index: all of an ordinary task, and of a mapped one until it is expanded."""
    seconds: float = 0.0
    """What they took, together; of those that ended."""
    timed: int = 0
    """How many of them took any time: one that was marked as ended before it began did not."""


@dataclass(frozen=True)
class Dag:
    """A DAG that has, or will soon have, work."""

    dag_id: str
    is_paused: bool
    max_active_tasks: int
    """In each of its runs."""
    max_active_runs: int | None
    next_run_at: float | None = None
    """When its next run will be made, where that is soon and nothing keeps it from being made."""
    data_interval_seconds: float | None = None
    """Length of the next run's data interval."""
    version_id: str | None = None
    """Its newest version's."""


@dataclass(frozen=True)
class Pool:
    """A pool; -1 slots are without limit."""

    name: str
    slots: int
    include_deferred: bool


@dataclass(frozen=True)
class Observation:
    """All of it, from one snapshot of the database."""

    at: float
    instances: tuple[Instances, ...] = ()
    runs: tuple[Run, ...] = ()
    queued_runs: tuple[QueuedRuns, ...] = ()
    progress: tuple[Progress, ...] = ()
    dags: Mapping[str, Dag] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=dict)


def is_celery(executor: str | None) -> bool:
    """Whether the Celery workers run it: by the default executor, or one whose class is of Celery."""
    return executor is None or executor.rpartition(".")[2].endswith("CeleryExecutor")
