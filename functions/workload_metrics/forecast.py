"""What each worker group has to do, now and until a horizon: Airflow's scheduler, played forward from one observation.

The play assumes that every task gets a slot as soon as the scheduler admits it, takes as long as it usually does and
succeeds. What it admits at once waits now; what it admits later is foreseen. Nothing is foreseen of a DAG whose
structure is not known, of a sensor beyond its next looks, nor of what a trigger wakes that was never seen to run.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count as counting

from control_plane.worker_scaling.workload import Running, Work, Workload

from . import admission
from .admission import Admission, Candidate, Demand, Limit, Limits
from .dag_structure import DagStructure, Task
from .durations import RESUMED_SECONDS, Durations, residual_seconds
from .observation import Instances, Observation
from .trigger_rules import FAILED, Verdict, verdict

FINAL = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
IN_SLOT = frozenset({"queued", "running"})
"""What the scheduler counts against parallelism, pools and max_active_tasks."""
KNOWN_RUN_TYPES = frozenset({"scheduled", "backfill"})
"""Whose runs the schedule announces; all others come when somebody, or an event, wants them."""
MAX_RETRY_DELAY_SECONDS = 24 * 60 * 60.0
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
    play = _Play(observation, structures, durations, until, parallelism, default_queue)
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


def is_celery(executor: str | None) -> bool:
    """Whether the Celery workers run it: by the default executor, or one whose class is of Celery."""
    return executor is None or executor.rpartition(".")[2].endswith("CeleryExecutor")


def retry_at(each: Instances, task: Task) -> float | None:
    """When a failed try is tried again, as `TaskInstance.next_retry_datetime` has it."""
    if each.since is None:
        return None
    if each.retry_delay_override is not None:
        return each.since + each.retry_delay_override
    delay = task.retry_delay_seconds
    factor = task.retry_exponential_backoff
    if factor > 0 and factor != 1.0:
        try:
            shortest = max(1, math.ceil(delay * factor ** (each.try_number - 1)))
        except OverflowError:
            shortest = int(MAX_RETRY_DELAY_SECONDS)
        key = f"{each.dag_id}#{each.task_id}#{each.logical_date}#{each.try_number}"
        spread = int(hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest(), 16) % shortest
        delay = min(float(shortest + spread), MAX_RETRY_DELAY_SECONDS)
        if task.max_retry_delay_seconds:
            delay = min(delay, task.max_retry_delay_seconds)
    return each.since + delay


@dataclass
class _RunPlay:
    """How far one DAG run is."""

    dag_id: str
    run_id: str
    logical_date: datetime | None
    backfill_id: int | None
    structure: DagStructure
    fresh: dict[str, int] = field(default_factory=dict)
    """By task, instances that have no state yet."""
    open: dict[str, int] = field(default_factory=dict)
    """By task, instances that have not ended, the fresh ones among them."""
    ended: dict[str, set[str]] = field(default_factory=dict)
    """By task, how those ended that did."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """By task of which all instances ended."""
    unexpanded: set[str] = field(default_factory=set)
    """Mapped tasks of which nobody knows yet how many instances they will have."""


class _Play:
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
        self._seen = observation
        self._now = self._clock = observation.at
        self._until = until
        self._structures = structures
        self._durations = durations
        self._parallelism = parallelism
        self._default_queue = default_queue
        self._admission = Admission(Limits(self._capacity))
        self._run_admission = Admission(Limits(self._capacity))
        self._task_capacity: dict[Limit, int] = {}
        self._backfill_capacity = {
            admission.runs(queued.dag_id, queued.backfill_id): queued.backfill_max_active_runs
            for queued in observation.queued_runs
        }
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = counting()
        self._deferring = {(each.dag_id, each.task_id) for each in observation.instances if each.state == "deferred"}
        self._runs: dict[tuple[str, str], _RunPlay] = {}
        self.running: dict[str, list[Running]] = {}
        self.waiting: dict[str, Counter[tuple[float, float]]] = {}
        self.foreseen: dict[str, Counter[tuple[float, float]]] = {}
        self.unknown_dags: set[str] = set()

    def run(self) -> None:
        self._enter_runs()
        for each in self._seen.instances:
            self._enter_instances(each)
        for play in self._runs.values():
            self._consider_all(play)
        self._enter_queued_runs()
        self._enter_schedule()
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

    # ---- What is there -------------------------------------------------------------------------

    def _enter_runs(self) -> None:
        for run in self._seen.runs:
            self._run_admission.limits.take({admission.runs(run.dag_id, run.backfill_id): 1}, 1)
            structure = self._structure(run.dag_id, run.version_id)
            if structure is not None:
                self._runs[run.dag_id, run.run_id] = _RunPlay(
                    run.dag_id, run.run_id, run.logical_date, run.backfill_id, structure
                )
        self._enter_progress()
        for play in self._runs.values():
            for task_id in play.structure.tasks:
                if not play.open.get(task_id):
                    play.outcomes[task_id] = _outcome(play.ended.get(task_id, ()))

    def _enter_progress(self) -> None:
        for each in self._seen.progress:
            play = self._runs.get((each.dag_id, each.run_id))
            if play is None or each.task_id not in play.structure.tasks:
                continue
            if each.state in FINAL:
                play.ended.setdefault(each.task_id, set()).add(each.state)
                continue
            play.open[each.task_id] = play.open.get(each.task_id, 0) + each.count
            if each.state is None:
                play.fresh[each.task_id] = play.fresh.get(each.task_id, 0) + each.count
                if each.is_unmapped and play.structure.tasks[each.task_id].is_mapped:
                    play.unexpanded.add(each.task_id)

    def _enter_instances(self, each: Instances) -> None:
        play = self._runs.get((each.dag_id, each.run_id))
        task = play.structure.tasks.get(each.task_id) if play else None
        seconds = self._seconds(each.dag_id, each.task_id)
        then = self._after(each, play, task)
        match each.state:
            case "running" | "restarting":
                left = RESUMED_SECONDS if each.is_resumed else residual_seconds(seconds, self._age(each))
                if is_celery(each.executor):
                    running = Running(each.hostname, self._now + left)
                    self.running.setdefault(each.queue or self._default_queue, []).extend([running] * each.count)
                self._hold(self._demand(each), each.count, left, then)
            case "queued":
                self._note(self.waiting, each, self._since(each), seconds, each.count)
                self._hold(self._demand(each), each.count, seconds, then)
            case "deferred":
                self._enter_deferred(each, play, task)
            case "awaiting_input":
                self._admission.limits.take(self._demand_of_deferred(each, holds_pool=False), each.count)
            case _:
                at = self._wanted_at(each, task)
                if at is not None and each.run_state == "running" and self._is_active(each.dag_id):
                    self._at(at, lambda: self._ask(each, each.count, seconds, then))

    def _wanted_at(self, each: Instances, task: Task | None) -> float | None:
        """When the scheduler will want a slot for what has none."""
        match each.state:
            case "scheduled":
                return self._now
            case "up_for_retry" if task is not None:
                return retry_at(each, task)
            case "up_for_reschedule":
                return each.rescheduled_to
            case _:
                return None

    def _enter_deferred(self, each: Instances, play: _RunPlay | None, task: Task | None) -> None:
        """Its trigger is taken to fire when the task has taken as long as it usually does, if that is known."""
        demand = self._demand_of_deferred(each)
        self._admission.limits.take(demand, each.count)
        if each.since is not None and self._durations.is_known(each.dag_id, each.task_id):
            usual = self._durations.seconds(each.dag_id, each.task_id)
            resumed = replace(each, is_resumed=True)
            self._at(
                self._now + residual_seconds(usual, self._age(each)),
                lambda: self._resume(resumed, demand, self._after(resumed, play, task)),
            )

    def _enter_queued_runs(self) -> None:
        for queued in self._seen.queued_runs:
            if self._is_active(queued.dag_id):
                self._ask_run(queued.dag_id, queued.backfill_id, queued.count)

    def _enter_schedule(self) -> None:
        for dag in self._seen.dags.values():
            if dag.next_run_at is None or dag.is_paused:
                continue
            structure = self._structure(dag.dag_id, None)
            if structure is None:
                continue
            at = dag.next_run_at
            period = structure.period_seconds or dag.data_interval_seconds or math.inf
            while at <= self._until:
                self._at(at, partial(self._ask_run, dag.dag_id, None, 1))
                at = max(at, self._now) + period

    # ---- What happens --------------------------------------------------------------------------

    def _ask_run(self, dag_id: str, backfill_id: int | None, count: int) -> None:
        structure = self._structure(dag_id, None)
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
            play = _RunPlay(structure.dag_id, run_id, logical_date, backfill_id, structure)
            play.fresh = dict.fromkeys(structure.tasks, 1)
            play.open = dict.fromkeys(structure.tasks, 1)
            play.unexpanded = {task.task_id for task in structure.tasks.values() if task.is_mapped}
            self._at(self._clock, partial(self._consider_all, play))

    def _consider_all(self, play: _RunPlay) -> None:
        for task_id in play.structure.tasks:
            self._consider(play, task_id)

    def _consider(self, play: _RunPlay, task_id: str) -> None:
        """Whether a task's fresh instances may run now, as its trigger rule has it."""
        fresh = play.fresh.get(task_id, 0)
        if not fresh or not self._is_active(play.dag_id):
            return
        task = play.structure.tasks[task_id]
        outcome = verdict(task.trigger_rule, (play.outcomes.get(other) for other in task.upstream))
        if outcome is Verdict.WAIT:
            return
        play.fresh[task_id] = 0
        expected = self._expected(play, task, fresh) if outcome is Verdict.RUN else 0
        play.open[task_id] += expected - fresh
        if not expected:
            self._end(play, task_id, 0, "skipped" if outcome is Verdict.RUN else outcome)
        elif not task.takes_slot:
            self._end(play, task_id, expected, "success")
        elif not task.starts_deferred:
            each = self._instances(play, task)
            self._ask(each, expected, self._seconds(play.dag_id, task_id), self._after(each, play, task))

    def _expected(self, play: _RunPlay, task: Task, fresh: int) -> int:
        """How many instances will run: of a mapped task as many as lately, of one that branches mostly skip none."""
        width = self._durations.width(play.dag_id, task.task_id)
        if task.task_id in play.unexpanded:
            return width
        return 0 if width == 0 and self._clock > self._now else fresh

    def _ask(self, each: Instances, count: int, seconds: float, then: Callable[[int], None]) -> None:
        """For slots, from now on."""
        demand = self._demand(each)
        waits = each.state == "scheduled" and self._clock <= self._now

        def admit(number: int) -> None:
            if waits and self._clock <= self._now:
                self._note(self.waiting, each, self._since(each), seconds, number)
            else:
                self._note(self.foreseen, each, self._clock, seconds, number)
            self._at(self._clock + seconds, lambda: self._release(demand, number, then))

        self._admission.add(Candidate(_order(each), demand, count, admit))

    def _hold(self, demand: Demand, count: int, seconds: float, then: Callable[[int], None]) -> None:
        self._admission.limits.take(demand, count)
        self._at(self._now + seconds, lambda: self._release(demand, count, then))

    def _release(self, demand: Demand, count: int, then: Callable[[int], None]) -> None:
        self._admission.give_back(demand, count)
        then(count)

    def _resume(self, each: Instances, demand: Demand, then: Callable[[int], None]) -> None:
        """It wants a slot again, for a moment."""
        self._admission.give_back(demand, each.count)
        self._ask(each, each.count, RESUMED_SECONDS, then)

    def _after(self, each: Instances, play: _RunPlay | None, task: Task | None) -> Callable[[int], None]:
        """What follows when instances leave their slots."""
        if (task is not None and task.is_rescheduled) or each.state == "up_for_reschedule":
            return lambda count: self._poke_again(each, count)
        if (each.dag_id, each.task_id) in self._deferring and not each.is_resumed:
            return _nothing
        if play is None or task is None:
            return _nothing
        return lambda count: self._end(play, task.task_id, count, "success")

    def _poke_again(self, each: Instances, count: int) -> None:
        """A sensor looks again and again; when it will have seen what it waits for, nobody knows."""
        if each.poke_interval is not None:
            seconds = self._seconds(each.dag_id, each.task_id)
            again = replace(each, state="up_for_reschedule")
            self._at(
                self._clock + each.poke_interval,
                lambda: self._ask(again, count, seconds, lambda number: self._poke_again(again, number)),
            )

    def _end(self, play: _RunPlay, task_id: str, count: int, state: str) -> None:
        play.open[task_id] -= count
        play.ended.setdefault(task_id, set()).add(state)
        if play.open[task_id]:
            return
        play.outcomes[task_id] = _outcome(play.ended[task_id])
        for other in sorted(play.structure.tasks[task_id].downstream):
            self._at(self._clock, partial(self._consider, play, other))
        if len(play.outcomes) == len(play.structure.tasks):
            self._run_admission.give_back({admission.runs(play.dag_id, play.backfill_id): 1}, 1)

    def _at(self, time: float, action: Callable[[], None]) -> None:
        if time <= self._until:
            heapq.heappush(self._events, (time, next(self._numbers), action))

    def _note(
        self, works: dict[str, Counter[tuple[float, float]]], each: Instances, at: float, seconds: float, count: int
    ) -> None:
        if is_celery(each.executor):
            works.setdefault(each.queue or self._default_queue, Counter())[at, seconds] += count

    # ---- What is known -------------------------------------------------------------------------

    def _structure(self, dag_id: str, version_id: str | None) -> DagStructure | None:
        """Of a DAG's version, or of its newest. A DAG without is noted as unknown."""
        if version_id is None and dag_id in self._seen.dags:
            version_id = self._seen.dags[dag_id].version_id
        structure = self._structures.get(version_id) if version_id is not None else None
        if structure is None:
            self.unknown_dags.add(dag_id)
        return structure

    def _instances(self, play: _RunPlay, task: Task) -> Instances:
        return Instances(
            dag_id=play.dag_id,
            run_id=play.run_id,
            task_id=task.task_id,
            state="",
            queue=task.queue or self._default_queue,
            executor=task.executor,
            pool=task.pool,
            pool_slots=task.pool_slots,
            priority_weight=task.priority_weight,
            logical_date=play.logical_date,
        )

    def _is_active(self, dag_id: str) -> bool:
        return dag_id in self._seen.dags and not self._seen.dags[dag_id].is_paused

    def _age(self, each: Instances) -> float:
        return 0.0 if each.since is None else max(0.0, self._now - each.since)

    def _since(self, each: Instances) -> float:
        return self._now if each.since is None else min(self._now, each.since)

    def _seconds(self, dag_id: str, task_id: str) -> float:
        """How long it holds a slot. Of what defers itself, the past tells how long it took, not how long it ran."""
        return RESUMED_SECONDS if (dag_id, task_id) in self._deferring else self._durations.seconds(dag_id, task_id)

    def _demand(self, each: Instances) -> dict[Limit, int]:
        demand = {
            admission.PARALLELISM: 1,
            admission.pool(each.pool): each.pool_slots,
            admission.tasks_of_run(each.dag_id, each.run_id): 1,
        }
        return {limit: number for limit, number in demand.items() if number > 0} | self._task_demand(each)

    def _demand_of_deferred(self, each: Instances, *, holds_pool: bool = True) -> dict[Limit, int]:
        """Without a slot, the limits of the task itself still hold, and those of a pool that counts it."""
        pool = self._seen.pools.get(each.pool)
        demand = self._task_demand(each)
        if holds_pool and pool is not None and pool.include_deferred and each.pool_slots > 0:
            demand[admission.pool(each.pool)] = each.pool_slots
        return demand

    def _task_demand(self, each: Instances) -> dict[Limit, int]:
        play = self._runs.get((each.dag_id, each.run_id))
        structure = play.structure if play else self._structures.get(self._newest_version(each.dag_id))
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

    def _newest_version(self, dag_id: str) -> str:
        dag = self._seen.dags.get(dag_id)
        return (dag.version_id if dag else None) or ""

    def _capacity(self, limit: Limit) -> float:
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


def _order(each: Instances) -> tuple[float, float, str, str, str]:
    date = math.inf if each.logical_date is None else each.logical_date.timestamp()
    return (-each.priority_weight, date, each.dag_id, each.run_id, each.task_id)


def _outcome(states: Iterable[str]) -> str:
    """Of a task whose instances ended so. One that has none, since the run is older than it, holds nobody up."""
    states = set(states)
    if states & FAILED:
        return "failed"
    return "skipped" if states == {"skipped"} else "success"


def _works(counts: Mapping[tuple[float, float], int]) -> tuple[Work, ...]:
    return tuple(Work(at, seconds, count) for (at, seconds), count in sorted(counts.items()))


def _nothing(_: int) -> None:
    """What follows is not foreseen."""
