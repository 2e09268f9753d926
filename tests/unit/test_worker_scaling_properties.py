"""What the scaling decision holds to whatever it sees."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.worker_scaling.decision import PROTECTION_RESERVE_SECONDS, Decision, decide
from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker
from control_plane.worker_scaling.policy import PRESETS, Policy
from control_plane.worker_scaling.rollout import NOTHING_TO_ROLL_OUT, Rollout
from control_plane.worker_scaling.workload import Running, Work, Workload

NOW = 1_000_000.0
SAFE = NOW + 24 * 3600
WHATEVER = settings(deadline=None, derandomize=True, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
DUE = Rollout("revision:1", "revision:2")
ON_TRIAL = Rollout("revision:2", "revision:2", is_on_trial=True)
SECONDS = st.floats(0.5, 2000)
WORKS = st.builds(Work, st.floats(-600, 400).map(lambda ago: NOW + ago), SECONDS, st.integers(1, 12))


@st.composite
def workers(draw: st.DrawFn, name: str) -> Worker:
    """As production may see one: whatever the order, a phase that lags behind, and protection if it is up."""
    phase = draw(st.sampled_from([each for each in Phase for _ in range(1 if each is Phase.LEAVING else 4)]))
    active = draw(st.integers(0, 4)) if phase in (Phase.ACCEPTING, Phase.DRAINING) else 0
    order = Order.LEAVE if phase is Phase.LEAVING else draw(st.sampled_from([Order.ACCEPT, Order.DRAIN]))
    is_bare = draw(st.integers(0, 9)) == 0 or phase is Phase.LEAVING
    return Worker(
        name,
        phase,
        order,
        hostname=name,
        accepts_at=NOW + draw(st.floats(-20, 90)),
        active=active,
        idle_since=None if active or phase is Phase.STARTING else NOW - draw(st.floats(0, 600)),
        protected_until=NOW + draw(st.floats(0, 500)) if is_bare else SAFE,
        is_current=draw(st.integers(0, 4)) > 0,
        is_lost=draw(st.integers(0, 9)) == 0,
    )


@st.composite
def situations(draw: st.DrawFn) -> tuple[Workload, Fleet, Policy]:
    there = [draw(workers(f"w{number}")) for number in range(draw(st.integers(0, 7)))]
    running = [
        Running(each.hostname, NOW + draw(st.floats(0.5, 3000)))
        for each in there
        for _ in range(draw(st.integers(0, each.active)))
    ]
    workload = Workload(
        NOW,
        tuple(running),
        tuple(draw(st.lists(WORKS.filter(lambda each: each.at <= NOW), max_size=6))),
        tuple(draw(st.lists(WORKS.filter(lambda each: each.at > NOW), max_size=6))),
        draw(st.floats(0, 20)),
        is_complete=draw(st.integers(0, 4)) > 0,
    )
    minimum = draw(st.integers(0, 3))
    policy = Policy(
        draw(st.sampled_from(list(PRESETS.values()))),
        4,
        minimum,
        minimum + draw(st.integers(0, 9)),
        draw(st.floats(20, 120)),
    )
    rollout = draw(st.sampled_from([*[NOTHING_TO_ROLL_OUT] * 3, DUE, ON_TRIAL, replace(DUE, is_on_trial=True)]))
    desired = len(there) + draw(st.integers(-1 if there else 0, 2))
    return workload, Fleet(desired, tuple(there), rollout), policy


def apply(decision: Decision, seen: Fleet) -> Fleet:
    """What the scaler sees when it looks again at once. Who was called back, and is told to drain again, drains anew."""
    told = tuple(
        replace(
            each,
            order=decision.orders.get(each.id, each.order),
            phase=Phase.DRAINING if decision.orders.get(each.id) is Order.DRAIN else each.phase,
        )
        for each in seen.workers
    )
    return replace(seen, desired=decision.desired, workers=told)


def is_full(each: Worker, workload: Workload, policy: Policy) -> bool:
    known = sum(running.hostname == each.hostname for running in workload.running)
    return max(each.active, known) >= policy.concurrency


def let_go(decision: Decision) -> set[str]:
    return {name for name, order in decision.orders.items() if order is Order.LEAVE}


@WHATEVER
@given(situations())
def test_accepting_and_starting_stay_within_the_maximum(seen: tuple[Workload, Fleet, Policy]) -> None:
    workload, there, policy = seen
    decision = decide(workload, there, policy, NOW)
    usable = [each for each in there.workers if each.is_current and not each.is_lost and not each.is_on_its_way_out]
    starting = sum(each.phase is Phase.STARTING for each in usable) + there.pending
    accepting = sum(
        decision.orders.get(each.id, each.order) is Order.ACCEPT for each in usable if each.phase is not Phase.STARTING
    )
    asked_for = max(there.desired, len(there.staying) + there.pending) - len(let_go(decision))
    launched = decision.desired - asked_for
    if launched > 0:
        assert accepting + starting + launched <= policy.maximum or (there.rollout.is_due and launched == 1)


@WHATEVER
@given(situations())
def test_minimum_is_kept(seen: tuple[Workload, Fleet, Policy]) -> None:
    workload, there, policy = seen
    decision = decide(workload, there, policy, NOW)
    usable = [each for each in there.workers if not each.is_on_its_way_out and not each.is_lost and each.is_current]
    full = sum(
        each.phase is not Phase.STARTING and each.order is Order.ACCEPT and is_full(each, workload, policy)
        for each in usable
    )
    assert decision.needed + full >= policy.minimum
    kept = [each for each in usable if each.id not in let_go(decision)]
    assert len(kept) + max(0, decision.desired - len(there.workers)) >= min(policy.minimum, len(usable))


@WHATEVER
@given(situations(), st.floats(-300, 0), SECONDS)
def test_backlog_of_more_tasks_never_needs_fewer_workers(
    seen: tuple[Workload, Fleet, Policy], ago: float, seconds: float
) -> None:
    """Of tasks alike: of tasks that differ, one more may happen to pack better."""
    workload, there, policy = seen
    needed = [
        decide(Workload(NOW, workload.running, (Work(NOW + ago, seconds, count),)), there, policy, NOW).needed
        for count in (1, 5, 20, 80)
    ]
    assert needed == sorted(needed)


@WHATEVER
@given(situations())
def test_second_decision_at_the_same_moment_changes_nothing(seen: tuple[Workload, Fleet, Policy]) -> None:
    workload, there, policy = seen
    there = replace(
        there, rollout=ON_TRIAL if there.rollout.is_due else there.rollout
    )  # when it is told, it is due no more
    first = decide(workload, there, policy, NOW)
    after = apply(first, there)
    again = decide(workload, after, policy, NOW)
    assert again.desired == after.desired
    assert not again.orders


@WHATEVER
@given(situations())
def test_what_is_not_known_takes_nothing_away(seen: tuple[Workload, Fleet, Policy]) -> None:
    workload, there, policy = seen
    for poor in (None, replace(workload, is_complete=False)):
        decision = decide(poor, there, policy, NOW)
        assert decision.desired >= there.desired
        assert set(decision.orders.values()) <= {Order.ACCEPT}


@WHATEVER
@given(situations())
def test_count_is_lowered_by_exactly_those_that_are_let_go_or_have_not_begun(
    seen: tuple[Workload, Fleet, Policy],
) -> None:
    workload, there, policy = seen
    decision = decide(workload, there, policy, NOW)
    lowered = len(there.staying) + there.pending - decision.desired
    by_id = {each.id: each for each in there.workers}
    for name in let_go(decision):
        gone = by_id[name]
        assert (gone.phase, gone.order, gone.is_lost) == (Phase.DRAINED, Order.DRAIN, False)
    assert lowered <= len(let_go(decision)) + there.pending
    if lowered > 0:
        assert not there.rollout.is_due
        for each in there.staying:
            assert each.id in let_go(decision) or each.protected_until >= NOW + PROTECTION_RESERVE_SECONDS


@WHATEVER
@given(situations())
def test_nobody_is_let_go_in_whose_place_ecs_could_stop_one_that_starts(seen: tuple[Workload, Fleet, Policy]) -> None:
    """It stops nobody while it has to start some to come up to the count."""
    workload, there, policy = seen
    decision = decide(workload, there, policy, NOW)
    if not let_go(decision):
        return
    coming = sum(each.phase is Phase.STARTING and each.is_current and not each.is_lost for each in there.staying)
    taken_back = len(there.staying) + there.pending - decision.desired - len(let_go(decision))
    assert (not coming and there.pending <= taken_back) or decision.desired >= len(there.workers)


@WHATEVER
@given(situations())
def test_trial_keeps_one_to_try(seen: tuple[Workload, Fleet, Policy]) -> None:
    workload, there, policy = seen
    there = replace(there, rollout=replace(there.rollout, is_on_trial=True))
    decision = decide(workload, there, policy, NOW)
    left = [each for each in there.staying if each.id not in let_go(decision)]
    if there.pending and not any(each.is_current for each in there.staying):
        assert decision.desired > len(left)


@WHATEVER
@given(situations())
def test_due_rollout_has_room_for_one_worker_more(seen: tuple[Workload, Fleet, Policy]) -> None:
    workload, there, policy = seen
    there = replace(there, rollout=replace(DUE, is_on_trial=there.rollout.is_on_trial))
    for known in (workload, replace(workload, is_complete=False), None):
        decision = decide(known, there, policy, NOW)
        assert decision.desired > len(there.staying)
        assert not let_go(decision)


@WHATEVER
@given(situations())
def test_rollout_takes_no_capacity_that_is_needed(seen: tuple[Workload, Fleet, Policy]) -> None:
    """An old worker with a free slot is drained only when others that are there have room for all there is to do."""
    workload, there, policy = seen
    decision = decide(workload, there, policy, NOW)
    ready = [
        each
        for each in there.workers
        if not each.is_on_its_way_out
        and not each.is_lost
        and each.phase is not Phase.STARTING
        and sum(running.hostname == each.hostname for running in workload.running) < policy.concurrency
    ]
    left = [each for each in ready if decision.orders.get(each.id, each.order) is Order.ACCEPT]
    drained_old = [each for each in ready if not each.is_current and decision.orders.get(each.id) is Order.DRAIN]
    if drained_old and workload.is_complete:
        assert decision.needed <= len(left) or decision.needed == policy.maximum
