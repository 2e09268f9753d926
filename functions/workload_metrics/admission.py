"""The limits within which Airflow's scheduler queues task instances, and starts queued runs.

As `SchedulerJobRunner._executable_task_instances_to_queued` counts them in Airflow 3: parallelism, the slots of pools, a
DAG's max_active_tasks in each run, and a task's own limits in its DAG and in a run. In order of priority; what does not
fit lets those through that do.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count as counting

Limit = tuple[str, ...]
"""What is counted: a kind, then names."""
Demand = Mapping[Limit, int]
"""How much of each limit one task instance, or run, takes up."""

PARALLELISM: Limit = ("parallelism",)


def pool(name: str) -> Limit:
    """The slots of a pool."""
    return ("pool", name)


def tasks_of_run(dag_id: str, run_id: str) -> Limit:
    """max_active_tasks, which Airflow 3 counts in each run."""
    return ("tasks of run", dag_id, run_id)


def instances(dag_id: str, task_id: str) -> Limit:
    """max_active_tis_per_dag."""
    return ("instances", dag_id, task_id)


def instances_of_run(dag_id: str, run_id: str, task_id: str) -> Limit:
    """max_active_tis_per_dagrun."""
    return ("instances of run", dag_id, run_id, task_id)


def runs(dag_id: str, backfill_id: int | None) -> Limit:
    """max_active_runs, of the DAG or of a backfill."""
    return ("runs", dag_id, "" if backfill_id is None else str(backfill_id))


class Limits:
    """How much of each limit is taken."""

    def __init__(self, capacity: Callable[[Limit], float]) -> None:
        self._capacity = capacity
        self._free: dict[Limit, float] = {}

    def free(self, limit: Limit) -> float:
        """What is left; below zero where more is taken than now allowed."""
        if limit not in self._free:
            self._free[limit] = self._capacity(limit)
        return self._free[limit]

    def room(self, demand: Demand, count: int) -> tuple[int, Limit | None]:
        """How many of `count` fit now, and which limit keeps the next one out."""
        tightest: tuple[float, Limit | None] = (count, None)
        for limit, each in demand.items():
            fits = max(0.0, self.free(limit)) // each
            if fits < tightest[0]:
                tightest = (fits, limit)
        return int(tightest[0]), tightest[1]

    def take(self, demand: Demand, count: int) -> None:
        """Of `count` that are in."""
        for limit, each in demand.items():
            self._free[limit] = self.free(limit) - each * count

    def give_back(self, demand: Demand, count: int) -> None:
        """Of `count` that left."""
        self.take(demand, -count)


@dataclass
class Candidate:
    """What waits to be admitted: task instances that are alike, or runs."""

    order: tuple[float, float, str, str, str]
    """Who comes first: priority, then logical date; the rest makes it the same each time."""
    demand: Demand
    count: int
    admit: Callable[[int], None]
    """Told how many were."""


type _Place = tuple[tuple[float, float, str, str, str], int, Candidate]
"""Order, then who came first."""


class Admission:
    """Admits candidates as limits allow, and tries again those that a limit kept out when some of it was given back."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._numbers = counting()
        self._new: list[_Place] = []
        self._kept_out: dict[Limit, list[_Place]] = {}
        """By the limit that keeps them out, heaps: who comes first stands first."""
        self._given_back: set[Limit] = set()

    def add(self, candidate: Candidate) -> None:
        """For the next `settle`."""
        self._new.append((candidate.order, next(self._numbers), candidate))

    def give_back(self, demand: Demand, count: int) -> None:
        """Of `count` that left; for the next `settle`."""
        self.limits.give_back(demand, count)
        self._given_back |= demand.keys()

    def settle(self) -> None:
        """Admit what fits, in order. Of those that a limit kept out, only as many are looked at as it now lets in."""
        heads: list[tuple[_Place, Limit | None]] = [(place, None) for place in self._new]
        heads += [(heapq.heappop(self._kept_out[limit]), limit) for limit in self._given_back if self._waits(limit)]
        heapq.heapify(heads)
        self._new, self._given_back = [], set()
        still_out: list[tuple[Limit, _Place]] = []
        while heads:
            place, kept_out_by = heapq.heappop(heads)
            if kept_out_by is not None and self._waits(kept_out_by):
                heapq.heappush(heads, (heapq.heappop(self._kept_out[kept_out_by]), kept_out_by))
            limit = self._admit(place[-1])
            if limit is not None:
                still_out.append((limit, place))
        for limit, place in still_out:
            heapq.heappush(self._kept_out.setdefault(limit, []), place)

    def _waits(self, limit: Limit) -> bool:
        return bool(self._kept_out.get(limit)) and self.limits.free(limit) >= 1

    def _admit(self, candidate: Candidate) -> Limit | None:
        """As many as fit; the limit that keeps the others out."""
        admitted, limit = self.limits.room(candidate.demand, candidate.count)
        if admitted:
            self.limits.take(candidate.demand, admitted)
            candidate.count -= admitted
            candidate.admit(admitted)
        return limit if candidate.count else None
