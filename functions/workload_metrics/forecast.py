"""What each worker group has to do, now and until a horizon: Airflow's scheduler, played forward from one observation.

The play assumes that every task gets a slot as soon as the scheduler admits it, takes as long as it usually does and
succeeds. What it admits at once waits now; what it admits later is foreseen. Nothing is foreseen of a DAG whose
structure is not known, of a sensor beyond its next looks, nor of what a trigger wakes that was never seen to run.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from control_plane.worker_scaling.workload import Work, Workload

from . import play_start
from .dag_structure import DagStructure
from .durations import Durations
from .observation import Observation, is_celery
from .scheduler_play import SchedulerPlay

KNOWN_RUN_TYPES = frozenset({"scheduled", "backfill"})
"""Whose runs the schedule announces; all others come when somebody, or an event, wants them."""
DEFAULT_QUEUE = "default"


@dataclass(frozen=True)
class Forecast:
    """What was made of an observation."""

    workloads: Mapping[str, Workload]
    """By Celery queue; a queue that is not in it has nothing to do."""
    unknown_dags: frozenset[str] = frozenset()
    """DAGs with work of which nothing is foreseen, since their structure is not known."""


def forecast(
    observation: Observation,
    structures: Mapping[str, DagStructure],
    durations: Durations,
    until: float,
    *,
    parallelism: float = math.inf,
    default_queue: str = DEFAULT_QUEUE,
    unforeseen_slots: Mapping[str, float] | None = None,
) -> Forecast:
    """The workload of each queue, with what is foreseen until `until`.

    `structures` are by version id, those that are known. `parallelism` is that of all schedulers together.
    `unforeseen_slots` is taken over as it is.
    """
    play = SchedulerPlay(observation, structures, durations, until, parallelism, default_queue)
    play_start.start(play)
    play.run()
    unforeseen = unforeseen_slots or {}
    queues = play.running.keys() | play.waiting.keys() | play.foreseen.keys() | unforeseen.keys()
    workloads = {
        queue: Workload(
            observed_at=observation.at,
            running=tuple(play.running.get(queue, ())),
            waiting=_works(play.waiting.get(queue, {})),
            foreseen=_works(play.foreseen.get(queue, {})),
            unforeseen_slots=unforeseen.get(queue, 0.0),
        )
        for queue in sorted(queues)
    }
    return Forecast(workloads, frozenset(play.unknown_dags))


def slots_of_unforeseen_work(observation: Observation) -> dict[str, int]:
    """By queue, the slots that tasks hold now of runs that no schedule announced.

    What waits for a slot is not counted: it will hold one as long, whenever it gets it.
    """
    held: Counter[str] = Counter()
    for each in observation.instances:
        if each.state == "running" and each.run_type not in KNOWN_RUN_TYPES and is_celery(each.executor):
            held[each.queue] += each.count
    return dict(held)


def _works(counts: Mapping[tuple[float, float], int]) -> tuple[Work, ...]:
    return tuple(Work(at, seconds, count) for (at, seconds), count in sorted(counts.items()))
