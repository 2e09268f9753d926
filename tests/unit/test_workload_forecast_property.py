"""The forecast, against a second scheduler that is as plain as can be: each task instance by itself, second after second."""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from workload_metrics.dag_structure import DagStructure, Task
from workload_metrics.durations import Durations, Learnt
from workload_metrics.forecast import forecast
from workload_metrics.observation import Dag, Instances, Observation, Pool, Progress, QueuedRuns, Run

NOW = 1_000_000
HORIZON = 12
FINAL = {"success", "failed", "skipped", "upstream_failed"}
STATES = [None, "success", "failed", "skipped", "running", "queued", "scheduled"]


@dataclass
class World:
    structures: dict[str, DagStructure]
    durations: Durations
    dags: dict[str, Dag]
    pools: dict[str, Pool]
    parallelism: int
    states: dict[tuple[str, str, str], tuple[str | None, int]]
    """By DAG, run and task."""
    logical_dates: dict[tuple[str, str], int]
    queued_runs: dict[str, int]

    def observation(self) -> Observation:
        runs = [
            Run(dag_id, run_id, datetime.fromtimestamp(date, UTC), None)
            for (dag_id, run_id), date in self.logical_dates.items()
        ]
        instances = [
            Instances(
                *(dag_id, run_id, task_id, state, "default", None),
                *(self.task(dag_id, task_id).pool, self.task(dag_id, task_id).pool_slots),
                self.task(dag_id, task_id).priority_weight,
                count=count,
                since=float(NOW),
                run_type="scheduled",
                run_state="running",
                logical_date=datetime.fromtimestamp(self.logical_dates[dag_id, run_id], UTC),
            )
            for (dag_id, run_id, task_id), (state, count) in self.states.items()
            if state not in FINAL and state is not None
        ]
        return Observation(
            NOW,
            tuple(instances),
            tuple(runs),
            tuple(QueuedRuns(dag_id, None, None, count) for dag_id, count in self.queued_runs.items() if count),
            tuple(Progress(*key, state, count) for key, (state, count) in self.states.items()),
            self.dags,
            self.pools,
        )

    def task(self, dag_id: str, task_id: str) -> Task:
        return self.structures[dag_id].tasks[task_id]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    dag_ids = ["a", "b"][: draw(st.integers(1, 2))]
    world = World({}, Durations(), {}, {}, draw(st.integers(1, 6)), {}, {}, {})
    world.pools = {name: Pool(name, draw(st.sampled_from([-1, 0, 1, 2, 3])), include_deferred=False) for name in "pq"}
    learnt = {}
    for dag_id in dag_ids:
        names = [f"t{number}" for number in range(draw(st.integers(1, 4)))]
        edges = {(one, two) for one in names for two in names if one < two and draw(st.booleans())}
        world.structures[dag_id] = DagStructure(
            dag_id,
            {
                name: Task(
                    name,
                    pool=draw(st.sampled_from("pq")),
                    pool_slots=draw(st.integers(1, 2)),
                    max_active_tis_per_dag=draw(st.sampled_from([None, None, 1, 2])),
                    max_active_tis_per_dagrun=draw(st.sampled_from([None, None, 1])),
                    trigger_rule=draw(st.sampled_from(["all_success", "all_done", "one_success", "none_failed"])),
                    priority_weight=draw(st.integers(1, 3)),
                    takes_slot=draw(st.integers(0, 3)) > 0,
                    upstream=frozenset(one for one, two in edges if two == name),
                    downstream=frozenset(two for one, two in edges if one == name),
                )
                for name in names
            },
        )
        learnt[dag_id] = {name: Learnt(float(draw(st.integers(1, 5)))) for name in names}
        world.dags[dag_id] = Dag(
            dag_id,
            is_paused=draw(st.integers(0, 5)) == 0,
            max_active_tasks=draw(st.integers(1, 4)),
            max_active_runs=draw(st.integers(1, 3)),
            next_run_at=draw(st.none() | st.integers(-2, HORIZON).map(lambda after: float(NOW + after))),
            version_id=dag_id,
        )
        for number in range(draw(st.integers(0, 2))):
            world.logical_dates[dag_id, f"r{number}"] = NOW - draw(st.integers(1, 3)) * 60
            for name in names:
                count = draw(st.integers(1, 3))
                world.states[dag_id, f"r{number}", name] = (draw(st.sampled_from(STATES)), count)
        world.queued_runs[dag_id] = draw(st.integers(0, 2))
    world.durations = Durations(learnt)
    return world


@dataclass
class One:
    """One task instance."""

    dag_id: str
    run_id: str
    task_id: str
    state: str | None
    ends: int = 0
    was_scheduled: bool = False


@dataclass
class Plain:
    world: World
    now: int = NOW
    instances: list[One] = field(default_factory=list)
    runs: dict[tuple[str, str], int] = field(default_factory=dict)
    queued: list[str] = field(default_factory=list)
    waiting: Counter = field(default_factory=Counter)
    foreseen: Counter = field(default_factory=Counter)

    def play(self) -> None:
        self.runs = dict(self.world.logical_dates)
        self.queued = [dag_id for dag_id, count in self.world.queued_runs.items() for _ in range(count)]
        for (dag_id, run_id, task_id), (state, count) in self.world.states.items():
            seconds = self.seconds(dag_id, task_id)
            for _ in range(count):
                self.instances.append(One(dag_id, run_id, task_id, state, NOW + seconds, state == "scheduled"))
                if state == "queued":
                    self.waiting[NOW, seconds] += 1
        for dag in self.world.dags.values():
            if dag.next_run_at is not None and dag.next_run_at < NOW:
                self.queued.append(dag.dag_id)
        for self.now in range(NOW, NOW + HORIZON + 1):
            self.queued += [dag.dag_id for dag in self.world.dags.values() if dag.next_run_at == self.now]
            while self.step():
                pass

    def step(self) -> bool:
        """Whether anything changed."""
        changed = self.end_some() | self.schedule_some()
        if changed:
            return True
        return self.start_a_run() or self.admit_some()

    def end_some(self) -> bool:
        ending = [one for one in self.instances if one.state in {"running", "queued"} and one.ends <= self.now]
        for one in ending:
            one.state = "success"
        return bool(ending)

    def schedule_some(self) -> bool:
        changed = False
        for one in self.instances:
            if one.state is not None or self.world.dags[one.dag_id].is_paused:
                continue
            task = self.world.task(one.dag_id, one.task_id)
            state = self.after(task, [self.outcome(one.dag_id, one.run_id, above) for above in task.upstream])
            if state is not None:
                one.state = state if state != "run" else "scheduled" if task.takes_slot else "success"
                changed = True
        return changed

    @staticmethod
    def after(task: Task, outcomes: list[str | None]) -> str | None:
        failed = any(outcome in {"failed", "upstream_failed"} for outcome in outcomes)
        done = all(outcomes)
        state = None
        if not outcomes or (task.trigger_rule == "one_success" and "success" in outcomes):
            state = "run"
        elif task.trigger_rule in {"all_success", "none_failed"} and failed:
            state = "upstream_failed"
        elif task.trigger_rule == "all_success" and "skipped" in outcomes:
            state = "skipped"
        elif done and task.trigger_rule == "one_success":
            state = "upstream_failed" if failed else "skipped"
        elif done:
            state = "run"
        return state

    def outcome(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        states = {
            one.state for one in self.instances if (one.dag_id, one.run_id, one.task_id) == (dag_id, run_id, task_id)
        }
        if states - FINAL:
            return None
        if states & {"failed", "upstream_failed"}:
            return "failed"
        return "skipped" if states == {"skipped"} else "success"

    def start_a_run(self) -> bool:
        for dag_id in self.queued:
            dag = self.world.dags[dag_id]
            if not dag.is_paused and self.active_runs(dag_id) < dag.max_active_runs:
                self.queued.remove(dag_id)
                run_id = f"s{len(self.runs)}"
                self.runs[dag_id, run_id] = self.now
                self.instances += [
                    One(dag_id, run_id, task_id, None) for task_id in self.world.structures[dag_id].tasks
                ]
                return True
        return False

    def active_runs(self, dag_id: str) -> int:
        """A run that was found is active until a task of it ends, however finished it looks."""
        found = [key for key in self.world.logical_dates if key[0] == dag_id]
        started = [key for key in self.runs if key[0] == dag_id and key not in found]
        played = [
            key
            for key in found
            if any(self.world.states[state][0] not in FINAL for state in self.world.states if state[:2] == key)
        ]
        over = [
            key
            for key in (*started, *played)
            if all(one.state in FINAL for one in self.instances if (one.dag_id, one.run_id) == key)
        ]
        return len(found) + len(started) - len(over)

    def admit_some(self) -> bool:
        asking = [
            one for one in self.instances if one.state == "scheduled" and not self.world.dags[one.dag_id].is_paused
        ]
        admitted = False
        for one in sorted(asking, key=self.order):
            if self.fits(one):
                admitted = True
                seconds = self.seconds(one.dag_id, one.task_id)
                one.state, one.ends = "running", self.now + seconds
                (self.waiting if one.was_scheduled and self.now == NOW else self.foreseen)[self.now, seconds] += 1
        return admitted

    def order(self, one: One) -> tuple:
        weight = self.world.task(one.dag_id, one.task_id).priority_weight
        return (-weight, self.runs[one.dag_id, one.run_id], one.dag_id, one.run_id, one.task_id)

    def fits(self, one: One) -> bool:
        task = self.world.task(one.dag_id, one.task_id)
        busy = [other for other in self.instances if other.state in {"running", "queued"}]
        in_pool = [other for other in busy if self.world.task(other.dag_id, other.task_id).pool == task.pool]
        taken = sum(self.world.task(other.dag_id, other.task_id).pool_slots for other in in_pool)
        of_run = [other for other in busy if (other.dag_id, other.run_id) == (one.dag_id, one.run_id)]
        of_task = [other for other in busy if (other.dag_id, other.task_id) == (one.dag_id, one.task_id)]
        of_both = [other for other in of_run if other.task_id == one.task_id]
        slots = self.world.pools[task.pool].slots
        return (
            len(busy) < self.world.parallelism
            and taken + task.pool_slots <= (math.inf if slots == -1 else slots)
            and len(of_run) < self.world.dags[one.dag_id].max_active_tasks
            and len(of_task) < (task.max_active_tis_per_dag or math.inf)
            and len(of_both) < (task.max_active_tis_per_dagrun or math.inf)
        )

    def seconds(self, dag_id: str, task_id: str) -> int:
        return int(self.world.durations.by_dag[dag_id][task_id].seconds)


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_forecast_is_what_a_plain_scheduler_does(world: World) -> None:
    """What waits and what is foreseen are the same, to the second and the count."""
    plain = Plain(world)
    plain.play()

    made = forecast(
        world.observation(), world.structures, world.durations, NOW + HORIZON, parallelism=world.parallelism
    )

    workload = made.workloads.get("default")
    waiting = Counter({(work.at, work.seconds): work.count for work in workload.waiting} if workload else {})
    foreseen = Counter({(work.at, work.seconds): work.count for work in workload.foreseen} if workload else {})
    assert waiting == plain.waiting
    assert foreseen == plain.foreseen
