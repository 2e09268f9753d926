"""How many workers a group needs, and what each of its workers is told: a pure decision, the same in production and simulation.

Three ideas (docs/scaling.md): a worker is started only for work that would otherwise still wait when it is ready; what
there is to do is packed onto as few workers as it fits, those first that are paid for anyway; a worker that is not
needed is drained, kept for as long as keeping costs less than starting, and let go when it runs nothing. One that was
asked for, has not begun to start and is not needed any more is taken back.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker
from control_plane.worker_scaling.policy import Policy
from control_plane.worker_scaling.workload import USUAL_SECONDS, Work, Workload, count

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
    staying = fleet.staying
    present = len(staying) + fleet.pending
    if workload is None:
        keep = max(present, policy.minimum) + _to_try(fleet)
        reason = "nothing is known of the work: all stays as it is"
        return Decision(keep, present, max(keep, fleet.desired), reason=reason)

    plan = _Plan(workload, fleet, staying, policy, now)
    missing = plan.missing()
    if fleet.rollout.is_due:
        missing = max(_to_try(fleet), missing)
    raised = max(fleet.desired, present + max(0, missing))
    if not workload.is_complete:
        reason = "only the queue could be asked: " + plan.reason
        return Decision(max(plan.needed, present), present, raised, plan.orders(may_drain=False), reason)

    kept = Decision(plan.needed, present, raised, plan.orders(may_drain=True), plan.reason)
    if fleet.rollout.is_due:
        return kept
    leaving = _drained_for_long(staying, plan, policy, now)
    return _less(kept, fleet, leaving, missing, now)


def _to_try(fleet: Fleet) -> int:
    """Workers that a due rollout asks for in any case: a broken revision shows at once, not when work comes."""
    return int(fleet.rollout.is_due and not fleet.pending)


def _less(kept: Decision, fleet: Fleet, leaving: Sequence[Worker], missing: int, now: float) -> Decision:
    """Of what is kept, let go of those that leave, and of those that have not begun and are not needed any more."""
    taken_back = min(max(0, -missing), fleet.pending - _still_to_try(fleet))
    if not leaving and not taken_back:
        return kept
    if fleet.pending > taken_back or any(_is_coming(worker) and not worker.is_lost for worker in fleet.staying):
        # ECS could stop one that starts instead, unless it still has to start as many as are let go.
        leaving = leaving[: max(0, fleet.desired - taken_back - len(fleet.workers))]
    if not leaving and not taken_back:
        return replace(kept, reason=f"{kept.reason}; nobody is let go: a worker starts, whom ECS could stop instead")
    if danger := unprotected(fleet.staying, leaving, now):
        return replace(kept, reason=f"{kept.reason}; nobody is let go: {danger}")
    return replace(
        kept,
        desired=kept.present - len(leaving) - taken_back + max(0, missing),
        orders={**kept.orders, **dict.fromkeys((worker.id for worker in leaving), Order.LEAVE)},
        reason=f"{kept.reason}; {_gone(len(leaving), taken_back)} not needed: let go",
    )


def _still_to_try(fleet: Fleet) -> int:
    """Of those that have not begun, how many a trial still waits for: one, unless one is up or starts."""
    return int(
        fleet.rollout.is_on_trial and fleet.pending > 0 and not any(worker.is_current for worker in fleet.staying)
    )


def _gone(drained: int, taken_back: int) -> str:
    counts = ((drained, "drained"), (taken_back, "not begun"))
    return ", ".join(f"{number} {what}" for number, what in counts if number) + " and"


class _Plan:
    """Which workers should accept, found by letting the work take the slots that will be free, first come, first served.

    Workers are taken in one order, the best to keep first; `chosen` are the first so many of them, as many as the work needs.
    """

    def __init__(self, workload: Workload, fleet: Fleet, staying: Sequence[Worker], policy: Policy, now: float) -> None:
        self._policy = policy
        self._now = now
        self._ends = _ends_by_worker(workload, staying, now)
        pending = [
            Worker(f"pending-{number}", accepts_at=now + policy.cold_start_seconds) for number in range(fleet.pending)
        ]
        self._seen = [worker for worker in staying if not worker.is_lost]
        self._number_lost = len(staying) - len(self._seen)
        self._candidates = sorted((*self._seen, *pending), key=self._preference)
        self._busy_beyond = _count_from(self._candidates, self._accepts_though_full)
        self._number_chosen = 0
        self._started = 0
        self._free: list[float] = []
        """When each slot of the chosen and the started workers will be free, as a heap."""
        self._place_all(workload)
        of_work = self.needed
        self._fill_to_minimum()
        self.reason = _describe(workload, self._number_chosen, self._started, filled=self.needed > of_work)

    @property
    def chosen(self) -> Sequence[Worker]:
        return self._candidates[: self._number_chosen]

    @property
    def needed(self) -> int:
        return self._number_chosen + self._started

    @property
    def _accepting(self) -> int:
        """Workers that will accept at the same time: besides those that are needed, full ones, who are told nothing."""
        return self.needed + self._busy_beyond[self._number_chosen]

    def missing(self) -> int:
        """Workers to ask ECS for: what no worker can do, and successors of those of an older revision.

        Below zero, those on the way that nobody waits for. While old ones accept, whoever is on the way counts as a successor,
        though work may have taken its slots already: a rollout may take a look longer, rather than start too many.
        """
        chosen, rest = self.chosen, self._candidates[self._number_chosen :]
        old = sum(not worker.is_current for worker in chosen)
        on_the_way = sum(map(_is_coming, rest))
        wanted = self._started + old
        if on_the_way > wanted:
            return wanted - on_the_way
        # The lost ones take part of the maximum: when all fall silent at once, nobody is started in their place again and again.
        # So do old ones that start, should ECS start such: asked for again and again, they would grow without end.
        strays = sum(worker.phase is Phase.STARTING and not worker.is_current for worker in rest)
        room = self._policy.maximum - (self._accepting - wanted) - on_the_way - strays - self._number_lost
        successors = sum(map(_is_coming, self._candidates)) if old else on_the_way
        return max(0, min(wanted - successors, room))

    def orders(self, *, may_drain: bool) -> dict[str, Order]:
        """To accept or to drain, for those who were told otherwise.

        A worker that starts decides when it is there, and one without a free slot when it has one: until then nothing comes of it.
        But full ones that are more than the maximum drain: under a backlog they would never have a free slot.
        """
        chosen = {worker.id for worker in self.chosen}
        full = [worker for worker in self._candidates[self._number_chosen :] if self._accepts_though_full(worker)]
        too_many = {worker.id for worker in full[len(full) - max(0, self._accepting - self._policy.maximum) :]}
        orders = {}
        for worker in self._seen:
            wanted = Order.ACCEPT if worker.id in chosen else Order.DRAIN
            if worker.order is wanted or worker.phase is Phase.STARTING:
                continue
            is_told = self._has_room(worker) or not worker.is_current or worker.id in too_many
            if wanted is Order.ACCEPT or (may_drain and is_told):
                orders[worker.id] = wanted
        return orders

    def _ends_of(self, worker: Worker) -> list[float]:
        """When its tasks end, the soonest first."""
        return self._ends.get(worker.id, [])

    def _has_room(self, worker: Worker) -> bool:
        return len(self._ends_of(worker)) < self._policy.concurrency

    def _accepts_though_full(self, worker: Worker) -> bool:
        is_there = worker.is_current and worker.phase is not Phase.STARTING
        return is_there and worker.order is Order.ACCEPT and not self._has_room(worker)

    def _slots(self, worker: Worker) -> list[float]:
        """When each of its slots is free, the soonest first."""
        ready = max(self._now, worker.accepts_at) if worker.phase is Phase.STARTING else self._now
        ends = self._ends_of(worker)[: self._policy.concurrency]
        return [ready] * (self._policy.concurrency - len(ends)) + ends

    def _preference(self, worker: Worker) -> tuple[bool, float, bool, float, bool, str]:
        """Ready before coming, with a free slot before full, current before old, then who is paid for longest anyway."""
        return (
            worker.phase is Phase.STARTING,
            self._slots(worker)[0],
            not worker.is_current,
            -(self._ends_of(worker) or [self._now])[-1],
            worker.order is not Order.ACCEPT,
            worker.id,
        )

    def _place_all(self, workload: Workload) -> None:
        policy = self._policy
        until = self._now + max(policy.launch_horizon_seconds, policy.break_even_seconds)
        spare = round(policy.preset.margin * math.sqrt(max(0.0, workload.unforeseen_slots)))
        # As if it came now, and held its slots until a worker that is started now is ready.
        margin = Work(self._now, policy.cold_start_seconds, spare)
        for work in sorted((*workload.waiting, *workload.foreseen, margin), key=lambda each: each.at):
            if work.at > until:
                break
            for _ in range(work.count):
                self._place(max(work.at, self._now), work.seconds)

    def _place(self, ready: float, seconds: float) -> None:
        """Give one task the slot that is free first; before that, take or start workers as long as it would wait too long."""
        free = self._free
        while not free or free[0] > ready:
            start = free[0] if free else math.inf
            if self._is_worth_taking(start, ready):
                slots = self._slots(self._candidates[self._number_chosen])
                self._number_chosen += 1
            elif self._is_worth_starting(start, ready):
                slots = [self._now + self._policy.cold_start_seconds] * self._policy.concurrency
                self._started += 1
            else:
                break
            for slot in slots:
                heapq.heappush(free, slot)
        if free:
            heapq.heapreplace(free, max(free[0], ready) + seconds)

    def _is_worth_taking(self, start: float, ready: float) -> bool:
        """Whether the task would begin sooner with the next worker that is there, and must not wait as long as it would."""
        if self._number_chosen == len(self._candidates):
            return False
        candidate = self._candidates[self._number_chosen]
        if self._accepting - self._accepts_though_full(candidate) >= self._policy.maximum:
            return False
        is_paid_anyway = candidate.phase is Phase.STARTING or (self._ends_of(candidate) or [self._now])[-1] > start
        patience = 0.0 if is_paid_anyway else self._policy.preset.slack_seconds
        return self._slots(candidate)[0] < start and start - ready > patience

    def _is_worth_starting(self, start: float, ready: float) -> bool:
        """No regret: whether the task would still wait, longer than it may, when a worker that is started now is ready."""
        policy = self._policy
        return (
            ready <= self._now + policy.launch_horizon_seconds
            and self._accepting < policy.maximum
            and start > max(ready, self._now + policy.cold_start_seconds) + policy.preset.slack_seconds
        )

    def _fill_to_minimum(self) -> None:
        """Full workers that accept count: others in their stead would be too many when they have room again."""
        while self._accepting < self._policy.minimum and self._number_chosen < len(self._candidates):
            self._number_chosen += 1
        self._started += max(0, self._policy.minimum - self._accepting)


def _describe(workload: Workload, chosen: int, started: int, *, filled: bool) -> str:
    known = f"{len(workload.running)} run, {count(workload.waiting)} wait, {count(workload.foreseen)} are foreseen"
    more = f", {started} more are needed" if started else ""
    return f"{known}: {chosen} workers accept{more}" + ("; by the minimum" if filled else "")


def _count_from(workers: Sequence[Worker], counts: Callable[[Worker], bool]) -> list[int]:
    """For each place in the sequence, and for its end, how many from there on count."""
    numbers = [0]
    for worker in reversed(workers):
        numbers.append(numbers[-1] + counts(worker))
    return numbers[::-1]


def _ends_by_worker(workload: Workload, workers: Sequence[Worker], now: float) -> dict[str, list[float]]:
    """When each worker's tasks end, in order.

    A task that only the worker itself knows of ends with its longest: the database is newer than the worker's report. Where
    the database was not asked, it takes as long as any of which nothing is known.
    """
    unknown = now if workload.is_complete else now + USUAL_SECONDS
    by_host: dict[str, list[float]] = {}
    for running in workload.running:
        by_host.setdefault(running.hostname, []).append(max(now, running.ends_at))
    ends = {}
    for worker in workers:
        known = sorted(by_host.get(worker.hostname, ())) if worker.hostname else []
        last = known[-1] if known else unknown
        ends[worker.id] = known + [last] * (worker.active - len(known))
    return ends


def _drained_for_long(staying: Sequence[Worker], plan: _Plan, policy: Policy, now: float) -> list[Worker]:
    """Those that are drained, were told so, and have been without work for as long as they are held."""
    chosen = {worker.id for worker in plan.chosen}
    return [
        worker
        for worker in staying
        if worker.phase is Phase.DRAINED
        and worker.order is Order.DRAIN
        and worker.id not in chosen
        and not worker.is_lost
        and worker.idle_since is not None
        and (not worker.is_current or now - worker.idle_since >= policy.preset.hold_seconds)
    ]


def unprotected(staying: Sequence[Worker], leaving: Sequence[Worker], now: float) -> str:
    """Who besides those that leave may have a task and could be stopped by ECS, in words."""
    gone = {worker.id for worker in leaving}
    for worker in staying:
        if worker.id not in gone and worker.protected_until < now + PROTECTION_RESERVE_SECONDS:
            return f"{worker.id} is not protected"
    return ""


def _is_coming(worker: Worker) -> bool:
    return worker.is_current and worker.phase is Phase.STARTING
