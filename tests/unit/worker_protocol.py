"""Workers, SQS, ECS and `worker_scaler` as a small world, each step of each of them apart. The workers' decisions are the real ones.

What takes time is a step of its own, so that everything else may come in between: a worker's look at its polls and its
look at its tasks, its report, the opening of its gate, its call for protection. What may fail fails too: without an
effect, or with one that nobody hears of. Three things are not tried, for they take longer than what they would have to
beat: a protection's last ten minutes do not end while an invocation of the scaler acts, while ECS has more workers than
it was told, or before the worker has looked once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from itertools import compress
from typing import NamedTuple

from farflow.worker_life import (
    PROTECTION_SECONDS,
    RENEW_SECONDS,
    RESERVE_SECONDS,
    Facts,
    Gate,
    Order,
    Phase,
    Step,
    next_step,
)

NOW = 1_000_000.0
PROTECTED_UNTIL = (
    NOW - 1,
    NOW + RESERVE_SECONDS / 2,
    NOW + PROTECTION_SECONDS - RENEW_SECONDS - 1,
    NOW + PROTECTION_SECONDS,
)
"""By how far a protection is from its end: over, in its reserve, due to be renewed, fresh."""

type Life = Callable[[Phase, Gate, Facts], Step]


class ViolationError(AssertionError):
    """Something that must never happen."""


class Stage(IntEnum):
    ABSENT = 0
    RUNS = 1
    TOLD = 2
    """By SIGTERM: it waits for its open poll."""
    CLOSES = 3
    """Celery's warm shutdown: it ends with its last task."""


class Pc(IntEnum):
    """Where the keeper is in `WorkerKeeper.step`."""

    LOOK = 0
    COUNT = 1
    TELL = 2
    OPEN = 3
    PROTECT = 4


NO_POLL, OPEN_POLL, TAKEN_IN = 0, 1, 2
BROUGHT = 8
"""BROUGHT | message: the poll's answer is there, and not looked at yet."""


class Worker(NamedTuple):
    """One ECS task with its item in the state table."""

    stage: Stage = Stage.ABSENT
    is_stopped: bool = False
    """By ECS, which then protects it no more."""
    is_old: bool = False
    is_protected: bool = False
    """As ECS sees it."""
    level: int = 0
    """As the worker sees it: an index of PROTECTED_UNTIL."""
    knows_level: bool = False
    gate: Gate = Gate.SHUT
    gate_is: Gate = Gate.SHUT
    """What the keeper set last."""
    may_be_seen_drained: bool = False
    phase: Phase = Phase.STARTING
    order: Order = Order.ACCEPT
    """As it was heard last."""
    pc: Pc = Pc.LOOK
    polls_seen: bool = False
    protect: bool = False
    poll: int = NO_POLL
    hand: int = 0
    """Messages whose tasks run, as bits."""
    late: int = 0
    """A message that is not in hand though its poll has ended: with that defence taken out."""
    item_phase: Phase = Phase.STARTING
    item_order: Order = Order.ACCEPT
    item_token: int = 0
    """Of the lease that wrote the order: 2 for the current one, 1 for the one before."""
    item_is_protected: bool = False
    is_aged: bool = False
    """It is there for longer than a protection lasts."""


class Plan(NamedTuple):
    """What one invocation of the scaler decided, and has not done yet."""

    stage: int
    """0 observed, 1 its lease was extended, 2 the count is written."""
    leave: int
    """Workers, as bits."""
    others: int
    desired: int


class Share(NamedTuple):
    """What one worker has of the world besides itself: the queue, and what the others and ECS let it do."""

    queue: int
    """Messages that are visible, as bits."""
    done: int
    may_be_protected: bool
    """ECS would not answer DEPLOYMENT_BLOCKED."""
    may_expire: bool


class State(NamedTuple):
    workers: tuple[int, ...]
    """Each a number of `World.worker`, which makes states small and their comparison quick."""
    queue: int
    done: int
    desired: int
    is_rolled: bool = False
    current: Plan | None = None
    stale: Plan | None = None
    """Of an invocation that still believes to have the lease."""
    invocations: int = -1
    """Of the scaler, that are still to come; below zero, without end."""


@dataclass
class World:
    """What happens in it besides polls, tasks and orders."""

    workers: int = 1
    messages: int = 1
    life: Life = next_step
    sigterm: bool = False
    ageing: bool = False
    failures: bool = False
    second_scaler: bool = False
    rollout: bool = False
    invocations: int = -1
    is_coarse: bool = False
    """What one worker does within itself is not interrupted between its looks, nor between its report and its gate."""
    # Defences that can be taken out.
    gate_remembers_sigterm: bool = True
    in_hand_before_poll_ends: bool = True
    tells_before_it_opens: bool = True
    scaler_looks_at_protection: bool = True
    scaler_looks_at_age: bool = True

    def __post_init__(self) -> None:
        self.worker: list[Worker] = []
        self._numbers: dict[Worker, int] = {}
        self._moves_of = cache(self._numbered_moves)
        self._plans_of = cache(lambda workers, desired: tuple(self._plans(workers, desired)))
        self._absent = self._number(Worker())
        self._fresh = self._number(Worker(Stage.RUNS))

    def explore(self, *start_with: Worker, limit: int = 3_000_000) -> set[State]:
        """Every state that can be reached, from these workers on or from none. Raises `ViolationError`."""
        workers = tuple(self._number(worker) for worker in start_with) or (self._absent,) * self.workers
        start = State(
            workers,
            (1 << self.messages) - 1 & ~sum(each.hand for each in start_with),
            0,
            len(start_with) or 1,
            invocations=self.invocations,
        )
        known, edge = {start}, [start]
        while edge:
            following = []
            for state in edge:
                for step in self.steps(state):
                    each = _sorted(step)
                    if each not in known:
                        known.add(each)
                        following.append(each)
            if len(known) > limit:
                raise RuntimeError(f"more than {limit} states")
            edge = following
        return known

    def steps(self, state: State) -> Iterator[State]:
        there = [self.worker[number] for number in state.workers]
        protected = sum(worker.is_protected for worker in there)
        counted = _counted(there)
        idle = state.current is None and state.stale is None and counted <= state.desired
        for index, worker in enumerate(there):
            if worker.stage is Stage.ABSENT:
                continue
            may = not worker.is_stopped and protected - worker.is_protected + 1 <= state.desired
            share = Share(state.queue, state.done, may, idle)
            for number, queue, done in self._moves_of(state.workers[index], share):
                yield state._replace(workers=_with(state.workers, index, number), queue=queue, done=done)
        yield from self._ecs(state, there, counted)
        yield from self._scaler(state)

    def _number(self, worker: Worker) -> int:
        number = self._numbers.setdefault(worker, len(self._numbers))
        if number == len(self.worker):
            self.worker.append(worker)
        return number

    def _numbered_moves(self, number: int, share: Share) -> tuple[tuple[int, int, int], ...]:
        moves = self.moves(self.worker[number], share)
        return tuple({(self._number(worker), queue, done): None for worker, queue, done in moves})

    def moves(self, worker: Worker, share: Share) -> Iterator[tuple[Worker, int, int]]:
        """Each step of one worker: what becomes of it, of the queue and of the done."""
        for after in self._keeper(worker, share):
            yield after, share.queue, share.done
        yield from self._event_loop(worker, share)
        for after in self._process(worker):
            yield after, share.queue, share.done
        if self.ageing:
            for after in self._ageing(worker, share):
                yield after, share.queue, share.done

    # ---- The keeper: worker_keeper.WorkerKeeper.step -----------------------------------------------

    def _keeper(self, worker: Worker, share: Share) -> Iterator[Worker]:
        if worker.pc is Pc.LOOK:
            looked = worker._replace(pc=Pc.COUNT, polls_seen=worker.poll != NO_POLL)
            yield from self._decide(looked) if self.is_coarse else (looked,)
        elif worker.pc is Pc.COUNT:
            yield from self._decide(worker)
        elif worker.pc is Pc.TELL:
            for told in self._tell(worker):
                yield self._open(told) if self.is_coarse else told
        elif worker.pc is Pc.OPEN:
            yield self._open(worker)
        else:
            yield from self._protect(worker, share)

    def _decide(self, worker: Worker) -> Iterator[Worker]:
        is_told = worker.stage >= Stage.TOLD
        step = decided(
            self.life,
            worker.phase,
            worker.gate_is,
            worker.order,
            worker.level,
            worker.polls_seen,
            worker.hand != 0,
            is_told,
        )
        gate = worker.gate if step.gate is Gate.OPEN else step.gate
        decision = worker._replace(
            pc=Pc.TELL,
            gate=Gate.GIVING_BACK if is_told and self.gate_remembers_sigterm else gate,
            gate_is=worker.gate_is if step.gate is Gate.OPEN else step.gate,
            phase=step.phase,
            polls_seen=step.gate is Gate.OPEN,  # from here on: whether the gate is to be opened
            protect=step.protect,
            knows_level=worker.level == 1,
        )
        yield decision
        if step.phase is worker.phase:
            silent = decision._replace(pc=Pc.OPEN)
            yield self._open(silent) if self.is_coarse else silent

    def _tell(self, worker: Worker) -> Iterator[Worker]:
        is_drained = worker.phase is Phase.DRAINED
        told = worker._replace(pc=Pc.OPEN, item_phase=worker.phase, item_is_protected=worker.level > 1)
        yield told._replace(order=told.item_order, may_be_seen_drained=is_drained)
        if self.failures:
            may_be = worker.may_be_seen_drained or is_drained
            yield told._replace(may_be_seen_drained=may_be)
            yield worker._replace(pc=Pc.OPEN, may_be_seen_drained=may_be)

    def _open(self, worker: Worker) -> Worker:
        may_open = worker.gate_is is Gate.OPEN or (worker.order is Order.ACCEPT and not worker.may_be_seen_drained)
        if worker.polls_seen and (may_open or not self.tells_before_it_opens):
            latched = worker.stage >= Stage.TOLD and self.gate_remembers_sigterm
            gate = Gate.GIVING_BACK if latched else Gate.OPEN
            worker = worker._replace(gate=gate, gate_is=gate)
        asks = worker.protect or (worker.phase is Phase.LEAVING and worker.stage is Stage.RUNS)
        return worker._replace(pc=Pc.PROTECT if asks else Pc.LOOK, polls_seen=False)

    def _protect(self, worker: Worker, share: Share) -> Iterator[Worker]:
        rests = worker._replace(pc=Pc.LOOK, protect=False)
        if worker.phase is Phase.LEAVING:
            yield rests._replace(is_protected=False, level=0, stage=max(rests.stage, Stage.TOLD), gate=Gate.GIVING_BACK)
            if self.failures:
                yield rests
                yield rests._replace(is_protected=False)
        elif not share.may_be_protected:
            yield rests
        else:
            yield rests._replace(is_protected=True, level=3)
            if self.failures:
                yield rests
                yield rests._replace(is_protected=True)

    # ---- Celery's event loop and process: celery_extension -----------------------------------------

    def _event_loop(self, worker: Worker, share: Share) -> Iterator[tuple[Worker, int, int]]:
        queue, done = share.queue, share.done
        if worker.poll == NO_POLL and worker.gate is Gate.OPEN:
            _must(worker.stage < Stage.TOLD, "a poll begins after SIGTERM")
            _must(worker.phase is not Phase.LEAVING, "a leaving worker polls")
            _must(worker.is_protected, "a poll begins without protection")
            yield worker._replace(poll=OPEN_POLL), queue, done
        elif worker.poll == OPEN_POLL:
            yield worker._replace(poll=NO_POLL), queue, done
            for message in _bits(queue):
                yield worker._replace(poll=BROUGHT | message), queue & ~message, done
        elif worker.poll == TAKEN_IN:
            yield worker._replace(poll=NO_POLL), queue, done
        elif worker.poll & BROUGHT:
            message = worker.poll & ~BROUGHT
            if worker.gate is Gate.GIVING_BACK:
                yield worker._replace(poll=NO_POLL), queue | message, done
            else:
                _must(worker.stage < Stage.TOLD, "a message is taken in hand after SIGTERM")
                _must(worker.phase is not Phase.LEAVING, "a leaving worker takes a message in hand")
                poll = NO_POLL if self.is_coarse else TAKEN_IN
                yield worker._replace(poll=poll, hand=worker.hand | message), queue, done
                if not self.in_hand_before_poll_ends:
                    yield worker._replace(poll=NO_POLL, late=message), queue, done
        if worker.late:
            yield worker._replace(late=0, hand=worker.hand | worker.late), queue, done
        for message in _bits(worker.hand):
            _must(not done & message, "a task ran twice")
            yield worker._replace(hand=worker.hand & ~message), queue, done | message

    def _process(self, worker: Worker) -> Iterator[Worker]:
        if self.sigterm and worker.stage is Stage.RUNS:
            yield worker._replace(stage=Stage.TOLD, is_stopped=True, is_protected=False, gate=Gate.GIVING_BACK)
        if worker.stage is Stage.TOLD and worker.poll == NO_POLL:
            yield worker._replace(stage=Stage.CLOSES)
        if worker.stage is Stage.CLOSES and not worker.hand:
            _must(worker.poll == NO_POLL, "a worker ends with an open poll")
            yield Worker()

    @staticmethod
    def _ageing(worker: Worker, share: Share) -> Iterator[Worker]:
        if worker.pc is not Pc.LOOK or worker.level == 0:
            return
        if worker.level > 1:
            is_seen = worker.item_is_protected and worker.level > 2
            yield worker._replace(level=worker.level - 1, knows_level=False, item_is_protected=is_seen)
        elif worker.knows_level and worker.poll == NO_POLL and share.may_expire:
            yield worker._replace(level=0, is_protected=False, knows_level=False, is_aged=True)

    # ---- ECS ---------------------------------------------------------------------------------------

    def _ecs(self, state: State, there: list[Worker], counted: int) -> Iterator[State]:
        for index, worker in enumerate(there):
            if worker.stage is Stage.ABSENT or worker.is_stopped or worker.is_protected:
                continue
            if counted > state.desired or worker.is_old:
                _must(worker.poll == NO_POLL, "ECS stops a worker with an open poll")
                _must(not worker.hand, "ECS stops a worker with a task")
                _must(worker.gate is not Gate.OPEN, "ECS stops a worker whose gate is open")
                yield state._replace(workers=_with(state.workers, index, self._absent))
        free = [index for index, worker in enumerate(there) if worker.stage is Stage.ABSENT]
        if len(there) - len(free) < state.desired:  # with MaximumPercent 100, those that are stopping take room
            others = ~(1 << free[0])  # it is another ECS task than whoever was there before
            yield state._replace(
                workers=_with(state.workers, free[0], self._fresh),
                current=_without(state.current, others),
                stale=_without(state.stale, others),
            )
        if self.rollout and not state.is_rolled:
            old = (self._number(worker._replace(is_old=worker.stage is not Stage.ABSENT)) for worker in there)
            yield state._replace(is_rolled=True, workers=tuple(old))

    # ---- worker_scaler -----------------------------------------------------------------------------

    def _scaler(self, state: State) -> Iterator[State]:
        if state.invocations and (state.current is None or self.second_scaler):
            for plan in self._plans_of(state.workers, state.desired):
                yield self._next_lease(state, plan)
        if state.current is not None:
            for after, plan in self._act(state, state.current, token=2):
                yield after._replace(current=plan)
        if state.stale is not None:
            if state.stale.stage == 0:
                yield state._replace(stale=None)  # its lease cannot be extended
            else:
                for after, plan in self._act(state, state.stale, token=1):
                    yield after._replace(stale=plan)

    def _plans(self, workers: tuple[int, ...], desired: int) -> Iterator[Plan]:
        """Whatever the decision may say: which of the drained leave, how many are started, or taken back on their way."""
        seen = {1 << index: self.worker[number] for index, number in enumerate(workers)}
        seen = {bit: each for bit, each in seen.items() if each.stage is not Stage.ABSENT and not each.is_stopped}
        staying = {
            bit: each
            for bit, each in seen.items()
            if each.item_phase is not Phase.LEAVING and each.item_order is not Order.LEAVE
        }
        pending = max(0, desired - len(seen))
        present = len(staying) + pending
        coming = pending + sum(each.item_phase is Phase.STARTING for each in staying.values())
        drained = [each.item_phase is Phase.DRAINED and each.item_order is Order.DRAIN for each in staying.values()]
        known = sum(bit for bit, each in staying.items() if each.item_phase is not Phase.STARTING)
        bare = sum(bit for bit, each in staying.items() if bit & known and not each.item_is_protected)
        if self.scaler_looks_at_age:
            bare |= sum(bit for bit, each in staying.items() if bit & ~known and each.is_aged)
        for leave in _subsets(sum(compress(staying, drained))):
            is_bare = bare & ~leave
            for missing in range(-coming, 2):
                count = present - leave.bit_count() + missing
                is_refused = is_bare and count < desired and self.scaler_looks_at_protection
                if count <= self.workers and not is_refused:
                    yield Plan(0 if self.second_scaler else 1, leave, known & ~leave, count)

    def _next_lease(self, state: State, plan: Plan) -> State:
        """Tokens are told as seen from the current lease."""
        workers = state.workers
        if self.second_scaler:
            there = [self.worker[number] for number in workers]
            workers = tuple(self._number(each._replace(item_token=max(0, each.item_token - 1))) for each in there)
        left = state.invocations - 1 if state.invocations > 0 else state.invocations
        return state._replace(workers=workers, current=plan, stale=state.current, invocations=left)

    def _act(self, state: State, plan: Plan, token: int) -> Iterator[tuple[State, Plan | None]]:
        if plan.stage == 0:
            yield state, plan._replace(stage=1)
            return
        if plan.stage == 1:
            yield state._replace(desired=plan.desired), plan._replace(stage=2)
            return
        yield state, None
        for index, number in enumerate(state.workers):
            worker, bit = self.worker[number], 1 << index
            if worker.item_token > token or worker.stage is Stage.ABSENT:
                continue
            after = plan._replace(others=plan.others & ~bit, leave=plan.leave & ~bit)
            may_leave = worker.item_phase is Phase.DRAINED and worker.item_order is Order.DRAIN
            orders = (Order.ACCEPT, Order.DRAIN) if bit & plan.others else ()
            for order in (Order.LEAVE,) if bit & plan.leave and may_leave else orders:
                ordered = worker._replace(item_order=order, item_token=token if self.second_scaler else 0)
                yield state._replace(workers=_with(state.workers, index, self._number(ordered))), after


@cache
def decided(
    life: Life, phase: Phase, gate: Gate, order: Order, level: int, polls: bool, in_hand: bool, told: bool
) -> Step:
    return life(phase, gate, Facts(NOW, order, PROTECTED_UNTIL[level], int(polls), int(in_hand), told))


def _sorted(state: State) -> State:
    """Of two states that differ in the order of the two workers alone, one."""
    if len(state.workers) != 2 or state.workers[0] <= state.workers[1]:
        return state
    return state._replace(workers=state.workers[::-1], current=_swapped(state.current), stale=_swapped(state.stale))


def _swapped(plan: Plan | None) -> Plan | None:
    """With both bits of each mask exchanged."""
    swapped = (0, 2, 1, 3)
    return plan and plan._replace(leave=swapped[plan.leave], others=swapped[plan.others])


def _must(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise ViolationError(otherwise)


def _counted(workers: list[Worker]) -> int:
    return sum(worker.stage is not Stage.ABSENT and not worker.is_stopped for worker in workers)


def _with(workers: tuple[int, ...], index: int, number: int) -> tuple[int, ...]:
    return (*workers[:index], number, *workers[index + 1 :])


def _without(plan: Plan | None, others: int) -> Plan | None:
    return plan and plan._replace(leave=plan.leave & others, others=plan.others & others)


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit
        mask &= ~bit


def _subsets(mask: int) -> Iterator[int]:
    subset = mask
    while True:
        yield subset
        if subset == 0:
            return
        subset = (subset - 1) & mask
