"""How many workers a group needs, and what each of its workers is told: a pure decision, the same in production and simulation.

Three ideas (docs/scaling.md): a worker is started only for work that would otherwise still wait when it is ready; what
there is to do is packed onto as few workers as it fits, those first that are paid for anyway; a worker that is not
needed is drained, kept for as long as keeping costs less than starting, and let go when it runs nothing.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker
from control_plane.worker_scaling.policy import Policy
from control_plane.worker_scaling.workload import Work, Workload, count

PROTECTION_RESERVE_SECONDS = 600.0
"""The desired count is lowered only while every other worker's protection lasts this much longer."""


@dataclass(frozen=True)
class Decision:
    """What to do now, and why."""

    needed: int
    """Workers that should accept."""
    present: int
    """Workers that are there or asked for, without those that are leaving."""
    desired: int
    """The service's desired count."""
    orders: Mapping[str, Order] = field(default_factory=dict)
    """By worker, what to tell it: only what is not its order already."""
    reason: str = ""

    @property
    def gap(self) -> int:
        """Workers that are missing; below zero, those that are too many."""
        return self.needed - self.present


def decide(workload: Workload | None, fleet: Fleet, policy: Policy, now: float) -> Decision:
    """The next step for one worker group. Without a complete workload nothing is drained nor let go."""
    staying = [
        worker for worker in fleet.workers if worker.phase is not Phase.LEAVING and worker.order is not Order.LEAVE
    ]
    present = len(staying) + fleet.pending
    if workload is None:
        keep = max(present, policy.minimum)
        return Decision(
            keep, present, max(keep, fleet.desired), reason="nothing is known of the work: all stays as it is"
        )

    plan = _Plan(workload, fleet, staying, policy, now)
    launch = plan.launch()
    if not workload.is_complete:
        orders = {worker.id: Order.ACCEPT for worker in plan.chosen if worker.order is not Order.ACCEPT}
        needed = max(plan.needed, present)
        return Decision(
            needed,
            present,
            max(fleet.desired, present + launch),
            orders,
            "only the queue could be asked: " + plan.reason,
        )

    leaving = _let_go(plan, staying, policy, now)
    orders = plan.orders() | dict.fromkeys((worker.id for worker in leaving), Order.LEAVE)
    desired = present - len(leaving) + launch
    if desired < fleet.desired and (bare := _unprotected(staying, leaving, now)):
        leaving, desired = [], max(fleet.desired, present + launch)
        orders = plan.orders()
        plan.reasons.append(f"the count is not lowered while {bare[0].id} is not protected")
    elif leaving:
        plan.reasons.append(f"{len(leaving)} drained and not needed: let go")
    return Decision(plan.needed, present, desired, orders, plan.reason)


class _Plan:
    """Which workers should accept, found by letting the work take the slots that will be free."""

    def __init__(self, workload: Workload, fleet: Fleet, staying: Sequence[Worker], policy: Policy, now: float) -> None:
        self._policy = policy
        self._now = now
        self._ends = _ends_by_worker(workload, staying, now)
        self._pending = [
            Worker(f"pending-{number}", accepts_at=now + policy.cold_start_seconds) for number in range(fleet.pending)
        ]
        candidates = [*(worker for worker in staying if not worker.is_lost), *self._pending]
        self._candidates = sorted(candidates, key=self._preference)
        self.chosen: list[Worker] = []
        self._started = 0
        self.reasons: list[str] = []
        self._free: list[float] = []
        """When each slot of the chosen workers will be free, as a heap."""
        self._place(workload)
        self._fill_to_minimum()
        self._describe(workload)

    @property
    def needed(self) -> int:
        return len(self.chosen) + self._started

    @property
    def reason(self) -> str:
        return "; ".join(self.reasons)

    def launch(self) -> int:
        """Workers to ask ECS for: what no worker can do, and the successors of those of an older revision."""
        old = [worker for worker in self.chosen if not worker.is_current]
        coming = [worker for worker in self._candidates if _is_coming(worker) and worker not in self.chosen]
        current = sum(1 for worker in self._candidates if worker.is_current)
        return max(0, min(self._started + len(old) - len(coming), self._policy.maximum - current))

    def orders(self) -> dict[str, Order]:
        chosen = {worker.id for worker in self.chosen}
        wanted = {
            worker.id: Order.ACCEPT if worker.id in chosen else Order.DRAIN
            for worker in self._candidates
            if worker not in self._pending
        }
        # A worker that starts decides when it is there: until then it costs nothing to wait and see.
        return {
            worker.id: wanted[worker.id]
            for worker in self._candidates
            if worker.id in wanted and worker.order is not wanted[worker.id] and worker.phase is not Phase.STARTING
        }

    def last_end(self, worker: Worker) -> float:
        return max(self._ends.get(worker.id, ()), default=self._now)

    def _preference(self, worker: Worker) -> tuple[bool, bool, float, bool, str]:
        """Ready before coming, current before old, then who is paid for longest anyway."""
        ready = worker.phase is not Phase.STARTING
        return (
            not ready,
            not worker.is_current,
            -self.last_end(worker) if ready else worker.accepts_at,
            worker.order is not Order.ACCEPT,
            worker.id,
        )

    def _slots(self, worker: Worker) -> list[float]:
        ready = max(self._now, worker.accepts_at) if worker.phase is Phase.STARTING else self._now
        ends = sorted(self._ends.get(worker.id, ()))[: self._policy.concurrency]
        return [*ends, *[ready] * (self._policy.concurrency - len(ends))]

    def _place(self, workload: Workload) -> None:
        """First come, first served, on the slots of the workers chosen so far; more are chosen when a task would wait."""
        keep_until = self._now + max(self._policy.launch_horizon_seconds, self._policy.break_even_seconds)
        margin = int(self._policy.preset.margin * math.sqrt(max(0.0, workload.unforeseen_slots)))
        spare = (
            [Work(self._now + self._policy.cold_start_seconds, self._policy.cold_start_seconds, margin)]
            if margin
            else []
        )
        for work in sorted((*workload.work(), *spare), key=lambda work: work.at):
            if work.at > keep_until:
                break
            for _ in range(work.count):
                self._place_one(work)

    def _place_one(self, work: Work) -> None:
        ready = max(work.at, self._now)
        while not self._free or self._free[0] > ready:
            start = self._free[0] if self._free else math.inf
            candidate = self._next_candidate(start, ready)
            if candidate is not None:
                self._add(self._slots(candidate))
                self.chosen.append(candidate)
            elif self._may_start(start, ready):
                self._add([self._now + self._policy.cold_start_seconds] * self._policy.concurrency)
                self._started += 1
            else:
                break
        if self._free:
            heapq.heapreplace(self._free, max(self._free[0], ready) + work.seconds)

    def _next_candidate(self, start: float, ready: float) -> Worker | None:
        """The next worker that is there, if the task would begin sooner with it and must not wait as long as it would."""
        rest = self._candidates[len(self.chosen) :]
        if not rest or (self._started and start <= ready):
            return None
        candidate = rest[0]
        paid_anyway = self.last_end(candidate) > start
        sooner = min(self._slots(candidate)) < start
        patience = 0.0 if paid_anyway or candidate.phase is Phase.STARTING else self._policy.preset.slack_seconds
        return candidate if sooner and start - ready > patience else None

    def _may_start(self, start: float, ready: float) -> bool:
        policy = self._policy
        if ready > self._now + policy.launch_horizon_seconds:
            return False
        current = sum(1 for worker in self._candidates if worker.is_current)
        if max(current, len(self.chosen)) + self._started >= policy.maximum:
            return False
        return start > max(ready, self._now + policy.cold_start_seconds) + policy.preset.slack_seconds

    def _add(self, slots: Iterable[float]) -> None:
        for slot in slots:
            heapq.heappush(self._free, slot)

    def _fill_to_minimum(self) -> None:
        missing = self._policy.minimum - self.needed
        if missing > 0:
            more = self._candidates[len(self.chosen) : len(self.chosen) + missing]
            self.chosen += more
            self._started += missing - len(more)
            self.reasons.append(f"the minimum is {self._policy.minimum}")

    def _describe(self, workload: Workload) -> None:
        self.reasons.insert(
            0,
            f"{len(workload.running)} run, {count(workload.waiting)} wait, {count(workload.foreseen)} are foreseen:"
            f" {len(self.chosen)} workers accept" + (f", {self._started} more are needed" if self._started else ""),
        )


def _ends_by_worker(workload: Workload, workers: Sequence[Worker], now: float) -> dict[str, list[float]]:
    """When each worker's tasks end. A task that only the worker itself knows of is taken to end with its longest."""
    by_host: dict[str, list[float]] = {}
    for running in workload.running:
        by_host.setdefault(running.hostname, []).append(max(now, running.ends_at))
    ends = {}
    for worker in workers:
        known = by_host.get(worker.hostname, []) if worker.hostname else []
        ends[worker.id] = known + [max(known, default=now)] * (worker.active - len(known))
    return ends


def _let_go(plan: _Plan, staying: Sequence[Worker], policy: Policy, now: float) -> list[Worker]:
    """Those that are drained, were told so, and have been without work for as long as they are held."""
    chosen = {worker.id for worker in plan.chosen}
    return [
        worker
        for worker in staying
        if worker.phase is Phase.DRAINED
        and worker.order is Order.DRAIN
        and worker.id not in chosen
        and worker.idle_since is not None
        and (not worker.is_current or now - worker.idle_since >= policy.preset.hold_seconds)
    ]


def _unprotected(staying: Sequence[Worker], leaving: Sequence[Worker], now: float) -> list[Worker]:
    """Workers that ECS could stop instead of those that are let go, though they may run tasks."""
    gone = {worker.id for worker in leaving}
    return [
        worker
        for worker in staying
        if worker.id not in gone
        and worker.phase is not Phase.STARTING
        and worker.protected_until < now + PROTECTION_RESERVE_SECONDS
    ]


def _is_coming(worker: Worker) -> bool:
    return worker.is_current and worker.phase is Phase.STARTING
