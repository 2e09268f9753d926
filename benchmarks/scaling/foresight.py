"""What Farflow can know at one moment: the past, the schedule, and what goes on. Never how long a task will take."""

from __future__ import annotations

import bisect
import statistics
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.scaling.cluster import ActiveRun, Cluster, Task
from benchmarks.scaling.runs import Run
from control_plane.worker_scaling.workload import Running, Work, Workload
from workload_metrics.durations import UNKNOWN_SECONDS, residual_seconds
from workload_metrics.unforeseen import UnforeseenSlots, updated

KEPT = 20
"""Past durations of each task."""
LEARN_INTERVAL = 3600.0
"""As in production, what tasks take is learnt once an hour."""
QUEUE = "default"


@dataclass(frozen=True)
class Forecast:
    """How good the forecast is made to be, for the sweeps."""

    knows_schedule: bool = True
    knows_next_levels: bool = True
    knows_past: bool = True
    duration_factor: float = 1.0
    """What every estimate is multiplied by."""
    clock_skew_seconds: float = 0.0
    """How much later than they are scheduled runs are foreseen."""


class Foresight:
    """Looks at a cluster. It learns from each task when it ends."""

    def __init__(self, cluster: Cluster, forecast: Forecast) -> None:
        self._cluster = cluster
        self._forecast = forecast
        self._past: dict[tuple[str, int, int], deque[float]] = {}
        self._of_dag: dict[str, deque[float]] = {}
        self._shapes: dict[str, Run] = {}
        self._estimates: dict[tuple[str, int, int], float] = {}
        self._learnt_at = -LEARN_INTERVAL
        self._known = [run for run in cluster.day.runs if run.known]
        self._dues = [run.run_after for run in self._known]
        self._unforeseen: UnforeseenSlots | None = None
        if forecast.knows_past:
            for run in cluster.day.past:
                self._shapes[run.dag_id] = run
                for level, tasks in enumerate(run.levels):
                    for index, seconds in enumerate(tasks):
                        self._learn(run.dag_id, level, index, seconds)
        cluster.on_task_end = self._task_ended

    def _task_ended(self, task: Task) -> None:
        active = task.active_run
        self._learn(active.run.dag_id, active.level, task.index, task.seconds)
        if active.level == len(active.run.levels) - 1:
            self._shapes[active.run.dag_id] = active.run

    def _learn(self, dag_id: str, level: int, index: int, seconds: float) -> None:
        self._past.setdefault((dag_id, level, index), deque(maxlen=KEPT)).append(seconds)
        self._of_dag.setdefault(dag_id, deque(maxlen=KEPT)).append(seconds)

    def _seconds(self, dag_id: str, level: int, index: int) -> float:
        """The median of the task's past; else of its DAG's; else what production takes."""
        key = (dag_id, level, index)
        known = self._estimates.get(key)
        if known is None:
            past = self._past.get(key) or self._of_dag.get(dag_id)
            known = statistics.median(past) if past else UNKNOWN_SECONDS
            known *= self._forecast.duration_factor
            self._estimates[key] = known
        return known

    # ---- One look ------------------------------------------------------------------------------

    def look(self, ahead: float) -> Workload:
        """What is there to do now and `ahead` seconds from now on."""
        cluster, now = self._cluster, self._cluster.now
        if now - self._learnt_at >= LEARN_INTERVAL:
            self._learnt_at = now
            self._estimates.clear()
        room = max(0, cluster.setting.parallelism - cluster.in_slots)
        waiting = Counter(self._waiting(room))
        running = tuple(
            Running(str(worker.number), now + self._left(task, now))
            for worker in cluster.workers
            for task in worker.tasks
        )
        until = now + ahead
        foreseen: Counter[tuple[float, float]] = Counter()
        if self._forecast.knows_next_levels:
            for active in cluster.active_runs.values():
                self._foresee_run(active, now, until, foreseen)
        if self._forecast.knows_schedule:
            self._foresee_schedule(now, until, foreseen)
        self._unforeseen = updated(self._unforeseen, now, {QUEUE: self._held_by_unknown()})
        return Workload(
            now,
            running,
            tuple(Work(at, seconds, number) for (at, seconds), number in waiting.items()),
            tuple(Work(at, seconds, number) for (at, seconds), number in foreseen.items()),
            self._unforeseen.slots.get(QUEUE, 0.0),
        )

    def _waiting(self, room: int) -> Iterator[tuple[float, float]]:
        cluster = self._cluster
        for task in cluster.queue:
            yield task.ready_at, self._seconds_of(task)
        for task, _ in zip(cluster.scheduled(), range(room), strict=False):
            yield task.ready_at, self._seconds_of(task)

    def _seconds_of(self, task: Task) -> float:
        active = task.active_run
        return self._seconds(active.run.dag_id, active.level, task.index)

    def _left(self, task: Task, now: float) -> float:
        return residual_seconds(self._seconds_of(task), now - task.started_at)

    def _held_by_unknown(self) -> int:
        return sum(active.left for active in self._cluster.active_runs.values() if not active.run.known)

    def _foresee_run(self, active: ActiveRun, now: float, until: float, foreseen: Counter[tuple[float, float]]) -> None:
        ends = active.level_at if not active.tasks else now
        for task in active.tasks:
            if task.worker is not None:
                ends = max(ends, now + self._left(task, now))
            elif task.started_at < 0:
                ends = max(ends, now + self._seconds_of(task))
        if not active.tasks:
            ends = self._foresee_level(active.run, active.level, ends, until, foreseen)
        ends = self._foresee_levels(active.run, active.level + 1, ends, until, foreseen)
        waiting = self._cluster.waiting_runs.get(active.run.dag_id)
        if waiting and ends <= until:
            self._foresee_levels(waiting[0], 0, ends, until, foreseen)

    def _foresee_schedule(self, now: float, until: float, foreseen: Counter[tuple[float, float]]) -> None:
        skew = self._forecast.clock_skew_seconds
        first, last = bisect.bisect_right(self._dues, now), bisect.bisect_right(self._dues, until - skew)
        for run in self._known[first:last]:
            if not run.max_active or run.dag_id not in self._cluster.waiting_runs:
                shape = self._shapes.get(run.dag_id, run)
                self._foresee_levels(shape, 0, run.run_after + skew, until, foreseen)

    def _foresee_levels(
        self, run: Run, level: int, ready: float, until: float, foreseen: Counter[tuple[float, float]]
    ) -> float:
        """When the run's last level is expected to end."""
        while level < len(run.levels) and ready <= until:
            ready = self._foresee_level(run, level, ready + run.pause(level), until, foreseen)
            level += 1
        return ready

    def _foresee_level(
        self, run: Run, level: int, ready: float, until: float, foreseen: Counter[tuple[float, float]]
    ) -> float:
        if ready > until:
            return ready
        longest = 0.0
        for index in range(len(run.levels[level])):
            seconds = self._seconds(run.dag_id, level, index)
            foreseen[ready, seconds] += 1
            longest = max(longest, seconds)
        return ready + longest
