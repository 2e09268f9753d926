"""Which of Airflow's limits a task instance takes up, and how much each limit allows."""

from __future__ import annotations

import math
from collections.abc import Callable

from . import admission
from .admission import Limit
from .dag_structure import DagStructure
from .observation import Instances, Observation


class AirflowLimits:
    """Of one observation."""

    def __init__(
        self,
        observation: Observation,
        structure_of_run: Callable[[str, str], DagStructure | None],
        parallelism: float,
    ) -> None:
        """`structure_of_run` is told a DAG's id and a run's. `parallelism` is that of all schedulers together."""
        self._seen = observation
        self._structure_of_run = structure_of_run
        self._parallelism = parallelism
        self._task_capacity: dict[Limit, int] = {}
        self._backfill_capacity = {
            admission.runs(queued.dag_id, queued.backfill_id): queued.backfill_max_active_runs
            for queued in observation.queued_runs
        }

    def demand(self, each: Instances) -> dict[Limit, int]:
        """Of one of them in a slot."""
        demand = {
            admission.PARALLELISM: 1,
            admission.pool(each.pool): each.pool_slots,
            admission.tasks_of_run(each.dag_id, each.run_id): 1,
        }
        return {limit: number for limit, number in demand.items() if number > 0} | self._task_demand(each)

    def demand_of_deferred(self, each: Instances, *, holds_pool: bool = True) -> dict[Limit, int]:
        """Without a slot, the limits of the task itself still hold, and those of a pool that counts it."""
        pool = self._seen.pools.get(each.pool)
        demand = self._task_demand(each)
        if holds_pool and pool is not None and pool.include_deferred and each.pool_slots > 0:
            demand[admission.pool(each.pool)] = each.pool_slots
        return demand

    def capacity(self, limit: Limit) -> float:
        """How much there is of it. Of a task's own limits, only those that something was seen to demand are known."""
        kind, *names = limit
        match kind:
            case "parallelism":
                return self._parallelism
            case "pool":
                pool = self._seen.pools.get(names[0])
                return 0 if pool is None else math.inf if pool.slots == -1 else pool.slots
            case "tasks of run":
                dag = self._seen.dags.get(names[0])
                return math.inf if dag is None else dag.max_active_tasks
            case "runs":
                dag = self._seen.dags.get(names[0])
                own = self._backfill_capacity.get(limit)
                most = own if own is not None else dag.max_active_runs if dag and not names[1] else None
                return math.inf if most is None else most
            case _:
                return self._task_capacity[limit]

    def _task_demand(self, each: Instances) -> dict[Limit, int]:
        structure = self._structure_of_run(each.dag_id, each.run_id)
        task = structure.tasks.get(each.task_id) if structure else None
        demand: dict[Limit, int] = {}
        if task is not None and task.max_active_tis_per_dag is not None:
            limit = admission.instances(each.dag_id, each.task_id)
            self._task_capacity[limit] = task.max_active_tis_per_dag
            demand[limit] = 1
        if task is not None and task.max_active_tis_per_dagrun is not None:
            limit = admission.instances_of_run(each.dag_id, each.run_id, each.task_id)
            self._task_capacity[limit] = task.max_active_tis_per_dagrun
            demand[limit] = 1
        return demand
