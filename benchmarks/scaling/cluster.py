"""Airflow, its queue and its workers as discrete events: everything but the policy. Times are seconds.

The scheduler queues what is ready once a second, as far as `parallelism` allows. A message goes to a worker with a free
slot that polls: to any of them, with the same chance. A worker takes no more than it has slots (prefetch 1, acknowledged
late), so nothing waits inside a worker.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from benchmarks.scaling import plumbing
from benchmarks.scaling.plumbing import Plumbing
from benchmarks.scaling.runs import Day, Run
from control_plane.worker_scaling.fleet import Order, Phase

_ENDED = math.inf
_PATIENCE = 2 * 86400.0


class ActiveRun:
    """A DAG run that has begun."""

    __slots__ = ("began", "left", "level", "level_at", "run", "tasks")

    def __init__(self, run: Run, began: float) -> None:
        self.run = run
        self.began = began
        self.level = -1
        self.left = 0
        self.level_at = began
        """When the current level was, or will be, ready."""
        self.tasks: list[Task] = []
        """Of the current level."""


class Task:
    """A task instance from the moment on when nothing but a slot is missing."""

    __slots__ = ("active_run", "index", "queued_at", "ready_at", "seconds", "started_at", "tries", "worker")

    def __init__(self, active_run: ActiveRun, index: int, seconds: float, ready_at: float) -> None:
        self.active_run = active_run
        self.index = index
        self.seconds = seconds
        self.ready_at = ready_at
        self.queued_at = -1.0
        self.started_at = -1.0
        self.worker: Worker | None = None
        self.tries = 0
        """Grows when the task is queued, started or killed: what was planned for an earlier try is void."""


class Worker:
    """An ECS task of the workers' service, from its launch on."""

    __slots__ = (
        "_reported",
        "changed_at",
        "idle_since",
        "is_doomed",
        "launched_at",
        "number",
        "order",
        "phase",
        "poll_ends",
        "ready_at",
        "report_offset",
        "stopped_at",
        "tasks",
    )

    def __init__(self, number: int, launched_at: float, report_offset: float) -> None:
        self.number = number
        self.launched_at = launched_at
        self.ready_at = _ENDED
        self.stopped_at = -1.0
        self.phase = Phase.STARTING
        self.order = Order.ACCEPT
        self.tasks: list[Task] = []
        self.idle_since = launched_at
        self.poll_ends = -1.0
        """With its gate shut: until when its last poll may still bring something."""
        self.is_doomed = False
        """Whether SIGTERM came to a worker that knows no protocol."""
        self.report_offset = report_offset
        self._reported = Phase.STARTING
        self.changed_at = launched_at

    def enter(self, phase: Phase, now: float) -> None:
        self._reported = self.reported_phase(now)
        self.phase = phase
        self.changed_at = now

    def next_report(self, now: float) -> float:
        """When it will next tell its phase and hear its order."""
        offset, interval = self.report_offset, plumbing.REPORT_INTERVAL
        return offset + interval * math.ceil((now - offset) / interval + 1e-9)

    def reported_phase(self, now: float) -> Phase:
        return self.phase if self.next_report(self.changed_at) <= now else self._reported


class Cluster:
    """The clock, the work and the workers. A policy adds its own events with `at`."""

    def __init__(self, day: Day, setting: Plumbing, seed: int) -> None:
        self.setting = setting
        self.day = day
        self.now = 0.0
        self.rng = random.Random(seed)
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._sequence = 0
        self._scheduled: deque[Task] = deque()
        self._loop_is_due = False
        self.queue: deque[Task] = deque()
        self.stuck = 0
        """Messages that a stopped worker took with it."""
        self.running = 0
        self.active_runs: dict[int, ActiveRun] = {}
        self.waiting_runs: dict[str, deque[Run]] = {}
        """By DAG, runs beyond its limit."""
        self._active_by_dag: dict[str, int] = {}
        self.workers: list[Worker] = []
        self.stopped: list[Worker] = []
        self._launch_tokens = float(plumbing.LAUNCH_BURST)
        self._tokens_at = 0.0
        self.runs_begun = 0
        self._runs_left = len(day.runs)
        self.waits: list[tuple[float, bool, bool]] = []
        """Seconds from ready to running; whether it was a root; whether the run was known."""
        self.makespans: list[float] = []
        self.killed = 0
        self.queued_too_long = 0
        self.worked_seconds = 0.0
        self.ended_at = 0.0
        self.on_task_end: Callable[[Task], None] = _nothing
        for run in day.runs:
            self.at(run.run_after, self._run_due, run)

    # ---- Time ----------------------------------------------------------------------------------

    def at(self, time: float, action: Callable[..., None], *arguments: Any) -> None:
        self._sequence += 1
        heapq.heappush(self._events, (time, self._sequence, action, arguments))

    def after(self, seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        self.at(self.now + seconds, action, *arguments)

    @property
    def is_over(self) -> bool:
        return self._runs_left == 0 and self.now >= self.day.seconds

    def play(self) -> None:
        """Until all work is done and the day is over; not for ever, should a policy leave work undone."""
        events = self._events
        longest = max([self.day.seconds, *(run.run_after for run in self.day.runs)]) + _PATIENCE
        while events and not self.is_over and self.now < longest:
            self.now, _, action, arguments = heapq.heappop(events)
            action(*arguments)
        self.ended_at = max(self.now, self.day.seconds)

    # ---- Work ----------------------------------------------------------------------------------

    @property
    def in_slots(self) -> int:
        """Running and queued: what Airflow counts against `parallelism`, and references scale by."""
        return self.running + len(self.queue) + self.stuck

    @property
    def queued(self) -> int:
        return len(self.queue) + self.stuck

    def scheduled(self) -> deque[Task]:
        """Ready, and not queued yet."""
        return self._scheduled

    def _run_due(self, run: Run) -> None:
        self.runs_begun += 1
        active = self._active_by_dag.get(run.dag_id, 0)
        if run.max_active and active >= run.max_active:
            self.waiting_runs.setdefault(run.dag_id, deque()).append(run)
        else:
            self._begin(run)

    def _begin(self, run: Run) -> None:
        self._active_by_dag[run.dag_id] = self._active_by_dag.get(run.dag_id, 0) + 1
        active = ActiveRun(run, self.now)
        self.active_runs[id(active)] = active
        self._next_level(active)

    def _next_level(self, active: ActiveRun) -> None:
        active.level += 1
        run = active.run
        if active.level == len(run.levels):
            self._end(active)
            return
        active.left = len(run.levels[active.level])
        active.tasks = []
        active.level_at = self.now + run.pause(active.level)
        if active.level_at > self.now:
            self.at(active.level_at, self._level_ready, active)
        else:
            self._level_ready(active)

    def _level_ready(self, active: ActiveRun) -> None:
        seconds = active.run.levels[active.level]
        active.tasks = [Task(active, index, each, self.now) for index, each in enumerate(seconds)]
        self._scheduled.extend(active.tasks)
        self._want_loop()

    def _end(self, active: ActiveRun) -> None:
        del self.active_runs[id(active)]
        self._runs_left -= 1
        dag_id = active.run.dag_id
        self._active_by_dag[dag_id] -= 1
        self.makespans.append(self.now - active.run.run_after)
        waiting = self.waiting_runs.get(dag_id)
        if waiting:
            self._begin(waiting.popleft())

    def _want_loop(self) -> None:
        if not self._loop_is_due:
            self._loop_is_due = True
            self.at((math.floor(self.now / plumbing.SCHEDULER_LOOP) + 1) * plumbing.SCHEDULER_LOOP, self._loop)

    def _loop(self) -> None:
        self._loop_is_due = False
        while self._scheduled and self.in_slots < self.setting.parallelism:
            task = self._scheduled.popleft()
            self._queue(task)
        self._deliver()

    def _queue(self, task: Task) -> None:
        task.tries += 1
        task.queued_at = self.now
        self.queue.append(task)
        self.after(plumbing.QUEUED_TIMEOUT, self._queued_long, task, task.tries)

    def _queued_long(self, task: Task, tries: int) -> None:
        if task.tries != tries:
            return
        self.queued_too_long += 1
        if task in self.queue:
            self.queue.remove(task)
        else:
            self.stuck -= 1
        self._queue(task)
        self._deliver()

    def _deliver(self) -> None:
        """Each message to a poll that is open; what is left waits for the next poll."""
        if not self.queue:
            return
        concurrency, now, rng = self.setting.concurrency, self.now, self.rng
        polling = [worker for worker in self.workers if self._polls(worker, now) and len(worker.tasks) < concurrency]
        while self.queue and polling:
            place = int(rng.random() * len(polling))
            worker = polling[place]
            task = self.queue.popleft()
            if worker.is_doomed:
                self.stuck += 1
                polling.pop(place)  # its one poll is over
                worker.poll_ends = -1.0
                continue
            self._start(task, worker)
            if len(worker.tasks) == concurrency:
                polling.pop(place)

    def _polls(self, worker: Worker, now: float) -> bool:
        return (worker.phase is Phase.ACCEPTING and not worker.is_doomed) or worker.poll_ends > now

    def _start(self, task: Task, worker: Worker) -> None:
        now = self.now
        task.tries += 1
        task.started_at = now
        task.worker = worker
        worker.tasks.append(task)
        self.running += 1
        active = task.active_run
        self.waits.append((now - task.ready_at, active.level == 0, active.run.known))
        self.at(now + task.seconds, self._task_ends, task, task.tries)

    def _task_ends(self, task: Task, tries: int) -> None:
        if task.tries != tries:
            return
        worker = task.worker
        assert worker is not None  # noqa: S101 - it runs, so somewhere
        self._take_off(task, worker)
        self.worked_seconds += task.seconds
        task.started_at = _ENDED
        self.on_task_end(task)
        active = task.active_run
        active.left -= 1
        if not active.left:
            self._next_level(active)
        if self._scheduled:
            self._want_loop()
        if self.queue:
            self._deliver()

    def _take_off(self, task: Task, worker: Worker) -> None:
        worker.tasks.remove(task)
        task.worker = None
        self.running -= 1
        if not worker.tasks:
            worker.idle_since = self.now
            if worker.is_doomed:
                self._stop(worker)
            elif worker.phase is Phase.DRAINING:
                self._perhaps_drained(worker)

    # ---- Workers -------------------------------------------------------------------------------

    def launch(self, count: int) -> None:
        """As fast as ECS launches them."""
        for _ in range(count):
            rate = plumbing.LAUNCH_RATE
            self._launch_tokens = min(
                float(plumbing.LAUNCH_BURST), self._launch_tokens + (self.now - self._tokens_at) * rate
            )
            self._tokens_at = self.now
            self._launch_tokens -= 1
            delay = max(0.0, -self._launch_tokens / rate)
            worker = Worker(len(self.workers) + len(self.stopped), self.now + delay, self.rng.uniform(0, 5))
            self.workers.append(worker)
            worker.ready_at = self.now + delay + self.setting.draw_cold_start(self.rng)
            self.at(worker.ready_at, self._worker_ready, worker)

    def _worker_ready(self, worker: Worker) -> None:
        if worker.stopped_at >= 0 or worker.is_doomed:
            return
        worker.idle_since = self.now
        if worker.order is Order.ACCEPT:
            worker.enter(Phase.ACCEPTING, self.now)
            self._deliver()
        else:
            worker.enter(Phase.DRAINED, self.now)

    def tell(self, worker: Worker, order: Order) -> None:
        """It hears it with its next report."""
        if worker.order is not order:
            worker.order = order
            self.at(worker.next_report(self.now), self._hear, worker)

    def _hear(self, worker: Worker) -> None:
        phase = worker.phase
        if worker.stopped_at >= 0 or worker.is_doomed or phase in (Phase.STARTING, Phase.LEAVING):
            return
        if worker.order is Order.ACCEPT:
            if phase is not Phase.ACCEPTING:
                worker.poll_ends = -1.0
                worker.enter(Phase.ACCEPTING, self.now)
                self._deliver()
            return
        if phase is Phase.ACCEPTING:
            self._shut_gate(worker)
        elif phase is Phase.DRAINED and worker.order is Order.LEAVE:
            worker.enter(Phase.LEAVING, self.now)
            self.after(plumbing.EXIT_SECONDS, self._stop, worker)

    def _shut_gate(self, worker: Worker) -> None:
        is_full = len(worker.tasks) == self.setting.concurrency
        worker.poll_ends = self.now if is_full else self.now + self.rng.uniform(0, plumbing.LONG_POLL)
        worker.enter(Phase.DRAINING, self.now)
        self.at(worker.poll_ends, self._perhaps_drained, worker)

    def _perhaps_drained(self, worker: Worker) -> None:
        if worker.phase is Phase.DRAINING and worker.poll_ends <= self.now and not worker.tasks:
            worker.enter(Phase.DRAINED, self.now)
            if worker.order is Order.LEAVE:
                self.at(worker.next_report(self.now), self._hear, worker)

    def terminate(self, worker: Worker, stop_timeout: float, *, loses_messages: bool) -> None:
        """SIGTERM to a worker that knows no protocol: it ends its tasks, until SIGKILL. Its open poll may take a message along."""
        worker.is_doomed = True
        if worker.phase is Phase.STARTING or not worker.tasks:
            self.after(plumbing.EXIT_SECONDS, self._stop, worker)
        else:
            self.after(stop_timeout, self._stop, worker)
        if loses_messages and worker.phase is Phase.ACCEPTING and len(worker.tasks) < self.setting.concurrency:
            worker.poll_ends = self.now + self.rng.uniform(0, plumbing.LONG_POLL)

    def _stop(self, worker: Worker) -> None:
        if worker.stopped_at >= 0:
            return
        worker.stopped_at = self.now
        for task in tuple(worker.tasks):
            self.killed += 1
            task.tries += 1
            worker.tasks.remove(task)
            task.worker = None
            self.running -= 1
            self.after(plumbing.HEARTBEAT_TIMEOUT, self._try_again, task)
        self.workers.remove(worker)
        self.stopped.append(worker)

    def _try_again(self, task: Task) -> None:
        task.ready_at = self.now
        self._scheduled.append(task)
        self._want_loop()

    # ---- The bill ------------------------------------------------------------------------------

    def billed_seconds(self) -> float:
        return sum(
            max(plumbing.SHORTEST_BILL, (each.stopped_at if each.stopped_at >= 0 else self.ended_at) - each.launched_at)
            for each in (*self.stopped, *self.workers)
        )

    @property
    def runs_left(self) -> int:
        return self._runs_left

    @property
    def starts(self) -> int:
        return len(self.stopped) + len(self.workers)

    @property
    def most_at_once(self) -> int:
        """The most workers that were billed at the same time: those that start or drain too."""
        stopped = [(each.launched_at, each.stopped_at) for each in self.stopped if each.stopped_at > each.launched_at]
        begins = [(begin, 1) for begin, _ in stopped] + [(each.launched_at, 1) for each in self.workers]
        ends = [(end, -1) for _, end in stopped]
        return max(accumulate(change for _, change in sorted(begins + ends)), default=0)


def _nothing(_: Task) -> None:
    pass
