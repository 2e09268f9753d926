"""Workers, SQS, ECS and two scalers in all interleavings: nobody is stopped with work, nothing is lost or run twice.

`worker_protocol` is the world; the workers' decisions in it are the real ones. Then each defence is taken out in turn: the
same world must show the harm, or the defence would not be needed, or the world would not see it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from farflow.worker_life import RESERVE_SECONDS, Facts, Gate, Order, Phase, Step, next_step
from tests.unit.worker_protocol import NO_POLL, Life, Pc, Share, Stage, ViolationError, Worker, World

WORLDS: dict[str, dict[str, Any]] = {
    "one worker, whose calls fail and whose protection ends": {"ageing": True, "failures": True},
    "one worker, whose calls fail, told to stop": {"sigterm": True, "failures": True},
    "two messages, told to stop": {"messages": 2, "sigterm": True},
    "one worker, whose calls fail, two scalers": {
        "failures": True,
        "second_scaler": True,
        "is_coarse": True,
        "invocations": 3,
    },
    "two workers": {"workers": 2, "is_coarse": True, "invocations": 3},
    "two workers and a rollout": {"workers": 2, "is_coarse": True, "rollout": True, "invocations": 2},
}


@cache
def explored(name: str) -> World:
    """The world, when every state of it was reached without harm."""
    world = World(**WORLDS[name])
    world.explore()
    return world


@pytest.mark.parametrize("name", WORLDS)
def test_nobody_is_stopped_with_work_and_nothing_is_lost_or_run_twice(name: str) -> None:
    world = explored(name)
    assert len(world.worker) > 100, "a world in which little happens proves little"
    assert {worker.phase for worker in world.worker} == set(Phase)


# ---- What must come of it in the end -----------------------------------------------------------------

WORKING = [name for name in WORLDS if "one worker" in name]


def settled(world: World, worker: Worker, order: Order) -> Worker:
    """What becomes of a worker that has this order from now on, when calls succeed and its tasks end."""
    share = Share(queue=0, done=0, may_be_protected=not worker.is_stopped, may_expire=False)
    worker = worker._replace(item_order=order)
    for _ in range(6):
        for _ in Pc:
            worker = next(world._keeper(worker, share))
        while worker.poll != NO_POLL or worker.hand:
            worker = list(world._event_loop(worker, share))[0 if worker.poll != NO_POLL else -1][0]
        for after in world._process(worker):
            worker = after if after.stage > Stage.RUNS or after.stage is Stage.ABSENT else worker
        if worker.stage is Stage.ABSENT:
            break
    return worker


def reached(name: str) -> tuple[World, list[Worker]]:
    """The world without SIGTERM of others' making, and every worker in it that runs."""
    world = explored(name)
    return replace(world, sigterm=False, life=world.life), [each for each in world.worker if each.stage > Stage.ABSENT]


def may_come_back(worker: Worker) -> bool:
    """Not told to stop, and not told to leave, or not heard of it."""
    return worker.stage is Stage.RUNS and worker.phase is not Phase.LEAVING and worker.order is not Order.LEAVE


@pytest.mark.parametrize("name", WORKING)
def test_worker_told_to_drain_becomes_drained(name: str) -> None:
    world, workers = reached(name)
    for worker in workers:
        after = settled(world, worker, Order.DRAIN)
        if may_come_back(worker):
            assert after.item_phase is Phase.DRAINED, worker
            assert after.gate is not Gate.OPEN
            assert after.is_protected


@pytest.mark.parametrize("name", WORKING)
def test_drained_worker_is_called_back(name: str) -> None:
    world, workers = reached(name)
    for worker in workers:
        after = settled(world, worker, Order.ACCEPT)
        if may_come_back(worker):
            assert after.item_phase is Phase.ACCEPTING, worker
            assert after.gate is Gate.OPEN
            assert after.is_protected


@pytest.mark.parametrize("name", WORKING)
def test_worker_told_to_leave_or_to_stop_ends(name: str) -> None:
    world, workers = reached(name)
    for worker in workers:
        assert settled(world, worker, Order.LEAVE).stage is Stage.ABSENT, worker
        if worker.stage is not Stage.RUNS:
            assert settled(world, worker, Order.ACCEPT).stage is Stage.ABSENT, worker


# ---- Without one of the defences ---------------------------------------------------------------------


def opens_before_protection(phase: Phase, gate: Gate, facts: Facts) -> Step:
    step = next_step(phase, gate, facts)
    return replace(step, phase=Phase.ACCEPTING, gate=Gate.OPEN) if step.phase is Phase.STARTING else step


def polls_on_in_the_reserve(phase: Phase, gate: Gate, facts: Facts) -> Step:
    if facts.now < facts.protected_until <= facts.now + RESERVE_SECONDS:
        return replace(
            next_step(phase, gate, replace(facts, protected_until=facts.now + 2 * RESERVE_SECONDS)), protect=True
        )
    return next_step(phase, gate, facts)


def ignores_polls(phase: Phase, gate: Gate, facts: Facts) -> Step:
    return next_step(phase, gate, replace(facts, polls=0))


def ignores_tasks(phase: Phase, gate: Gate, facts: Facts) -> Step:
    return next_step(phase, gate, replace(facts, in_hand=0))


def believes_an_open_gate(phase: Phase, gate: Gate, facts: Facts) -> Step:
    """Drained as soon as it sees no poll, though one may begin at any moment."""
    return next_step(phase, Gate.SHUT, facts)


def leaves_while_it_accepts(phase: Phase, gate: Gate, facts: Facts) -> Step:
    if facts.order is Order.LEAVE:
        return Step(Phase.LEAVING, Gate.GIVING_BACK, give_up_protection=True)
    return next_step(phase, gate, facts)


def comes_back_from_leaving(phase: Phase, gate: Gate, facts: Facts) -> Step:
    if phase is Phase.LEAVING:
        return Step(Phase.LEAVING, Gate.OPEN)
    return next_step(phase, gate, facts)


ONE, STOPPED = WORKING[0], WORKING[1]

HARMFUL_LIVES: list[tuple[Life, str]] = [
    (opens_before_protection, "a poll begins without protection"),
    (polls_on_in_the_reserve, "a poll begins without protection"),
    (ignores_polls, "ECS stops a worker with an open poll"),
    (ignores_tasks, "ECS stops a worker with a task"),
    (believes_an_open_gate, "a leaving worker|ECS stops a worker"),
]


@pytest.mark.parametrize(("life", "harm"), HARMFUL_LIVES, ids=[each[0].__name__ for each in HARMFUL_LIVES])
def test_life_without_a_defence_does_harm(life: Life, harm: str) -> None:
    with pytest.raises(ViolationError, match=harm):
        World(**WORLDS[ONE], life=life).explore()


@pytest.mark.parametrize("life", [leaves_while_it_accepts, comes_back_from_leaving])
def test_life_that_leaves_wrongly_would_do_harm_without_the_keeper_s_own_defence(life: Life) -> None:
    """The world is well with either of the two."""
    World(failures=True, tells_before_it_opens=False).explore()
    with pytest.raises(ViolationError, match=r"a leaving worker|a poll begins without protection|ECS stops a worker"):
        World(failures=True, tells_before_it_opens=False, life=life).explore()


@pytest.mark.parametrize(
    ("name", "defence", "harm"),
    [
        (STOPPED, "gate_remembers_sigterm", "a poll begins after SIGTERM"),
        (ONE, "in_hand_before_poll_ends", "ECS stops a worker|a leaving worker|a task ran twice"),
        (ONE, "tells_before_it_opens", "ECS stops a worker with a task"),
        (ONE, "scaler_looks_at_age", "ECS stops a worker with a task"),
    ],
)
def test_world_without_a_defence_does_harm(name: str, defence: str, harm: str) -> None:
    with pytest.raises(ViolationError, match=harm):
        World(**WORLDS[name] | {defence: False}).explore()


def test_count_is_not_lowered_beside_a_worker_whose_protection_ended() -> None:
    """One is drained, the other has a task, and could not renew its protection for a day."""
    drained = Worker(
        Stage.RUNS,
        is_protected=True,
        level=3,
        phase=Phase.DRAINED,
        order=Order.DRAIN,
        item_phase=Phase.DRAINED,
        item_order=Order.DRAIN,
        item_is_protected=True,
    )
    busy = Worker(Stage.RUNS, gate=Gate.GIVING_BACK, phase=Phase.DRAINING, item_phase=Phase.DRAINING, hand=1)
    World(2, 1, is_coarse=True, invocations=1).explore(drained, busy)
    with pytest.raises(ViolationError, match="ECS stops a worker with a task"):
        World(2, 1, is_coarse=True, invocations=1, scaler_looks_at_protection=False).explore(drained, busy)


def never_drains(phase: Phase, gate: Gate, facts: Facts) -> Step:
    return next_step(phase, gate, replace(facts, order=Order.ACCEPT))


def never_comes_back(phase: Phase, gate: Gate, facts: Facts) -> Step:
    step = next_step(phase, gate, facts)
    return Step(phase, Gate.SHUT, protect=step.protect) if phase is Phase.DRAINED and step.gate is Gate.OPEN else step


def never_leaves(phase: Phase, gate: Gate, facts: Facts) -> Step:
    order = Order.DRAIN if facts.order is Order.LEAVE else facts.order
    return next_step(phase, gate, replace(facts, order=order))


@pytest.mark.parametrize(
    ("life", "order", "phase"),
    [
        (never_drains, Order.DRAIN, Phase.DRAINED),
        (never_comes_back, Order.ACCEPT, Phase.ACCEPTING),
        (never_leaves, Order.LEAVE, Phase.STARTING),
    ],
)
def test_life_that_does_not_obey_is_noticed(life: Life, order: Order, phase: Phase) -> None:
    """By what the three tests above look at; the phase of a worker that is gone is that of the next, who starts."""
    start = Worker(Stage.RUNS)
    at_work = settled(World(), start, Order.ACCEPT)
    start = settled(World(), at_work, Order.DRAIN) if order is Order.ACCEPT else at_work
    assert settled(World(), start, order).item_phase is phase
    assert settled(World(life=life), start, order).item_phase is not phase
