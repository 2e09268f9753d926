"""Airflow's scheduler, played forward: who is admitted, ends, and lets others run, until a horizon."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count as counting

from control_plane.worker_scaling.workload import Running

from . import admission
from .admission import Admission, Candidate, Demand, Limits
from .airflow_limits import AirflowLimits
from .dag_structure import DagStructure, Task
from .durations import RESUMED_SECONDS, Durations
from .expected_seconds import ExpectedSeconds
from .observation import Instances, Observation, is_celery
from .run_play import RunPlay, outcome_of
from .trigger_rules import Verdict, verdict


class SchedulerPlay:
    """A discrete-event simulation of Airflow's scheduler: what happens at one time, then what is admitted at that time."""

    def __init__(
        self,
        observation: Observation,
        structures: Mapping[str, DagStructure],
        durations: Durations,
        until: float,
        parallelism: float,
        default_queue: str,
    ) -> None:
        self.seen = observation
        self.now = observation.at
        self.until = until
        self.durations = durations
        self.limits = AirflowLimits(observation, self._structure_of_run, parallelism)
        self.runs: dict[tuple[str, str], RunPlay] = {}
        """Those seen to run whose structure is known, by DAG and run."""
        self.running: dict[str, list[Running]] = {}
        self.waiting: dict[str, Counter[tuple[float, float]]] = {}
        """By queue: since when they want a slot, for how many seconds, and how many they are. The foreseen alike."""
        self.foreseen: dict[str, Counter[tuple[float, float]]] = {}
        self.unknown_dags: set[str] = set()
        self._expected_seconds = ExpectedSeconds(durations, observation)
        self._clock = observation.at
        self._structures = structures
        self._default_queue = default_queue
        self._admission = Admission(Limits(self.limits.capacity))
        self._run_admission = Admission(Limits(self.limits.capacity))
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = counting()
        self._deferring = {(each.dag_id, each.task_id) for each in observation.instances if each.state == "deferred"}

    def run(self) -> None:
        """Until nothing more happens before the horizon."""
        while True:
            while self._events and self._events[0][0] <= self._clock:
                heapq.heappop(self._events)[2]()
            self._run_admission.settle()
            if self._events and self._events[0][0] <= self._clock:
                continue  # first what the runs that start bring with them, as the scheduler does
            self._admission.settle()
            if not self._events:
                return
            self._clock = max(self._clock, self._events[0][0])

    # ---- What happens --------------------------------------------------------------------------

    def ask_run(self, dag_id: str, backfill_id: int | None, count: int) -> None:
        """To start new runs, from now on."""
        structure = self.structure(dag_id, None)
        if structure is None:
            return
        order = (0.0 if backfill_id is None else 1.0, self._clock, dag_id, str(backfill_id), "")
        demand = {admission.runs(dag_id, backfill_id): 1}
        self._run_admission.add(
            Candidate(order, demand, count, lambda number: self._start_runs(structure, backfill_id, number))
        )

    def _start_runs(self, structure: DagStructure, backfill_id: int | None, count: int) -> None:
        for _ in range(count):
            run_id = f"foreseen {next(self._numbers)}"
            logical_date = datetime.fromtimestamp(self._clock, UTC)
            run = RunPlay(structure.dag_id, run_id, logical_date, backfill_id, structure)
            run.fresh = dict.fromkeys(structure.tasks, 1)
            run.open = dict.fromkeys(structure.tasks, 1)
            run.unexpanded = {task.task_id for task in structure.tasks.values() if task.is_mapped}
            self.at(self._clock, partial(self.consider_all, run))

    def consider_all(self, run: RunPlay) -> None:
        """Whether tasks of the run may run now."""
        for task_id in run.structure.tasks:
            self._consider(run, task_id)

    def _consider(self, run: RunPlay, task_id: str) -> None:
        """Whether a task's fresh instances may run now, as its trigger rule has it."""
        fresh = run.fresh.get(task_id, 0)
        if not fresh or not self.is_active(run.dag_id):
            return
        task = run.structure.tasks[task_id]
        found = verdict(task.trigger_rule, (run.outcomes.get(other) for other in task.upstream))
        if found is Verdict.WAIT:
            return
        run.fresh[task_id] = 0
        expected = self._expected(run, task, fresh) if found is Verdict.RUN else 0
        run.open[task_id] += expected - fresh
        if not expected:
            self._end(run, task_id, 0, "skipped" if found is Verdict.RUN else found)
        elif not task.takes_slot:
            self._end(run, task_id, expected, "success")
        elif not task.starts_deferred:
            each = self._instances(run, task)
            self.ask(each, expected, self.seconds(run.dag_id, task_id), self.after(each, run, task))

    def _expected(self, run: RunPlay, task: Task, fresh: int) -> int:
        """How many instances will run: of a mapped task as many as lately, of one that branches mostly skip none."""
        width = self.durations.width(run.dag_id, task.task_id)
        if task.task_id in run.unexpanded:
            return width
        return 0 if width == 0 and self._clock > self.now else fresh

    def ask(self, each: Instances, count: int, seconds: float, then: Callable[[int], None]) -> None:
        """For slots, from now on."""
        demand = self.limits.demand(each)
        waits = each.state == "scheduled" and self._clock <= self.now

        def admit(number: int) -> None:
            if waits and self._clock <= self.now:
                self.note(self.waiting, each, self.since(each), seconds, number)
            else:
                self.note(self.foreseen, each, self._clock, seconds, number)
            self.at(self._clock + seconds, lambda: self._release(demand, number, then))

        self._admission.add(Candidate(_order(each), demand, count, admit))

    def take(self, demand: Demand, count: int) -> None:
        """What `count` take up, until they give it back."""
        self._admission.limits.take(demand, count)

    def take_run(self, dag_id: str, backfill_id: int | None) -> None:
        """Of a run that runs."""
        self._run_admission.limits.take({admission.runs(dag_id, backfill_id): 1}, 1)

    def hold(self, demand: Demand, count: int, seconds: float, then: Callable[[int], None]) -> None:
        """Of `count` that hold a slot for so long from the observation on."""
        self.take(demand, count)
        self.at(self.now + seconds, lambda: self._release(demand, count, then))

    def _release(self, demand: Demand, count: int, then: Callable[[int], None]) -> None:
        self._admission.give_back(demand, count)
        then(count)

    def resume(self, each: Instances, demand: Demand, then: Callable[[int], None]) -> None:
        """It wants a slot again, for a moment."""
        self._admission.give_back(demand, each.count)
        self.ask(each, each.count, RESUMED_SECONDS, then)

    def after(self, each: Instances, run: RunPlay | None, task: Task | None) -> Callable[[int], None]:
        """What follows when instances leave their slots."""
        if (task is not None and task.is_rescheduled) or each.state == "up_for_reschedule":
            return lambda count: self._poke_again(each, count)
        if (each.dag_id, each.task_id) in self._deferring and not each.is_resumed:
            return _nothing
        if run is None or task is None:
            return _nothing
        return lambda count: self._end(run, task.task_id, count, "success")

    def _poke_again(self, each: Instances, count: int) -> None:
        """A sensor looks again and again; when it will have seen what it waits for, nobody knows."""
        if each.poke_interval is not None:
            seconds = self.seconds(each.dag_id, each.task_id)
            again = replace(each, state="up_for_reschedule")
            self.at(
                self._clock + each.poke_interval,
                lambda: self.ask(again, count, seconds, lambda number: self._poke_again(again, number)),
            )

    def _end(self, run: RunPlay, task_id: str, count: int, state: str) -> None:
        run.open[task_id] -= count
        run.ended.setdefault(task_id, set()).add(state)
        if run.open[task_id]:
            return
        run.outcomes[task_id] = outcome_of(run.ended[task_id])
        for other in sorted(run.structure.tasks[task_id].downstream):
            self.at(self._clock, partial(self._consider, run, other))
        if len(run.outcomes) == len(run.structure.tasks):
            self._run_admission.give_back({admission.runs(run.dag_id, run.backfill_id): 1}, 1)

    def at(self, time: float, action: Callable[[], None]) -> None:
        """What happens then, unless the horizon is before."""
        if time <= self.until:
            heapq.heappush(self._events, (time, next(self._numbers), action))

    def note(
        self, works: dict[str, Counter[tuple[float, float]]], each: Instances, at: float, seconds: float, count: int
    ) -> None:
        """Work that the Celery workers get."""
        if is_celery(each.executor):
            works.setdefault(each.queue or self._default_queue, Counter())[at, seconds] += count

    def note_running(self, each: Instances, until: float) -> None:
        """What the Celery workers run, until then."""
        if is_celery(each.executor):
            running = Running(each.hostname, until)
            self.running.setdefault(each.queue or self._default_queue, []).extend([running] * each.count)

    # ---- What is known -------------------------------------------------------------------------

    def structure(self, dag_id: str, version_id: str | None) -> DagStructure | None:
        """Of a DAG's version, or of its newest. A DAG without is noted as unknown."""
        if version_id is None and dag_id in self.seen.dags:
            version_id = self.seen.dags[dag_id].version_id
        structure = self._structures.get(version_id) if version_id is not None else None
        if structure is None:
            self.unknown_dags.add(dag_id)
        return structure

    def _instances(self, run: RunPlay, task: Task) -> Instances:
        return Instances(
            dag_id=run.dag_id,
            run_id=run.run_id,
            task_id=task.task_id,
            state="",
            queue=task.queue or self._default_queue,
            executor=task.executor,
            pool=task.pool,
            pool_slots=task.pool_slots,
            priority_weight=task.priority_weight,
            logical_date=run.logical_date,
        )

    def is_active(self, dag_id: str) -> bool:
        """Whether its tasks may start."""
        return dag_id in self.seen.dags and not self.seen.dags[dag_id].is_paused

    def age(self, each: Instances) -> float:
        """Seconds that it had been in its state when it was seen."""
        return 0.0 if each.since is None else max(0.0, self.now - each.since)

    def since(self, each: Instances) -> float:
        """When it came into its state, as far as is known."""
        return self.now if each.since is None else min(self.now, each.since)

    def seconds(self, dag_id: str, task_id: str) -> float:
        """How long it holds a slot. Of what defers itself, the past tells how long it took, not how long it ran."""
        return RESUMED_SECONDS if (dag_id, task_id) in self._deferring else self._expected_seconds(dag_id, task_id)

    def _structure_of_run(self, dag_id: str, run_id: str) -> DagStructure | None:
        """Of a run that was seen, else the DAG's newest."""
        run = self.runs.get((dag_id, run_id))
        if run is not None:
            return run.structure
        dag = self.seen.dags.get(dag_id)
        return self._structures.get(dag.version_id) if dag and dag.version_id is not None else None


def _order(each: Instances) -> tuple[float, float, str, str, str]:
    date = math.inf if each.logical_date is None else each.logical_date.timestamp()
    return (-each.priority_weight, date, each.dag_id, each.run_id, each.task_id)


def _nothing(_: int) -> None:
    """What follows is not foreseen."""
