"""The scaling decision's rules, as a table; `test_worker_scaling_properties` has what holds whatever it sees."""

import random
import time
from collections.abc import Iterable
from dataclasses import replace

import pytest

from control_plane.worker_scaling.decision import decide
from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker
from control_plane.worker_scaling.policy import Policy, Preset
from control_plane.worker_scaling.rollout import Rollout
from control_plane.worker_scaling.workload import Running, Work, Workload

NOW = 1_000_000.0
SAFE = NOW + 24 * 3600
POLICY = Policy(Preset(slack_seconds=20.0, margin=0.0, hold_seconds=60.0), concurrency=4, maximum=10)


def worker(name: str, phase: Phase = Phase.ACCEPTING, **fields: object) -> Worker:
    usual = {
        "hostname": name,
        "order": Order.DRAIN if phase in (Phase.DRAINING, Phase.DRAINED) else Order.ACCEPT,
        "protected_until": 0.0 if phase is Phase.LEAVING else SAFE,
        "accepts_at": NOW + 40 if phase is Phase.STARTING else 0.0,
        "idle_since": NOW - 300 if phase is Phase.DRAINED else None,
    }
    return Worker(name, phase, **(usual | fields))  # type: ignore[arg-type]


def fleet(*workers: Worker, desired: int | None = None) -> Fleet:
    return Fleet(len(workers) if desired is None else desired, workers)


def runs(name: str, *left: float) -> list[Running]:
    return [Running(name, NOW + seconds) for seconds in left]


def work(*waiting: Work, running: Iterable[Running] = (), foreseen: Iterable[Work] = (), **fields: object) -> Workload:
    return Workload(NOW, tuple(running), waiting, tuple(foreseen), **fields)  # type: ignore[arg-type]


STARTING = tuple(worker(f"s{number}", Phase.STARTING) for number in range(3))


@pytest.mark.parametrize(
    ("workload", "there", "desired", "orders"),
    [
        pytest.param(work(), fleet(), 0, {}, id="nothing to do, nobody there"),
        pytest.param(work(Work(NOW, 300, 4)), fleet(), 1, {}, id="a worker's slots full of work: one worker"),
        pytest.param(work(Work(NOW, 300, 5)), fleet(), 2, {}, id="a task more: two"),
        pytest.param(work(Work(NOW, 5, 12)), fleet(), 1, {}, id="what a worker does within the slack brings no second"),
        pytest.param(work(Work(NOW, 5, 40)), fleet(), 2, {}, id="what one cannot do within the slack does"),
        pytest.param(work(Work(NOW, 300, 99)), fleet(), 10, {}, id="no more than the maximum"),
        pytest.param(work(Work(NOW, 300, 4)), fleet(worker("a", Phase.STARTING)), 1, {}, id="who comes is waited for"),
        pytest.param(work(Work(NOW, 300, 4)), fleet(desired=1), 1, {}, id="who was asked for is waited for"),
        pytest.param(
            work(foreseen=[Work(NOW + 90, 60, 4)]), fleet(), 1, {}, id="the schedule, a cold start ahead: a worker"
        ),
        pytest.param(work(foreseen=[Work(NOW + 200, 60, 4)]), fleet(), 0, {}, id="further ahead: not yet"),
        pytest.param(
            work(Work(NOW, 300, 4), running=runs("a", 30, 30, 30, 30)),
            fleet(worker("a", active=4)),
            1,
            {},
            id="slots that are free before a new worker is there bring none",
        ),
        pytest.param(
            work(Work(NOW, 300, 4), running=runs("a", 900, 900, 900, 900)),
            fleet(worker("a", active=4)),
            2,
            {},
            id="slots that are not free by then do",
        ),
        pytest.param(
            work(Work(NOW, 300, 1)),
            fleet(worker("a", Phase.DRAINED)),
            1,
            {"a": Order.ACCEPT},
            id="a drained worker is called back before one is started",
        ),
        pytest.param(
            work(running=runs("a", 600) + runs("b", 30)),
            fleet(worker("a", active=1), worker("b", active=1)),
            2,
            {"a": Order.DRAIN, "b": Order.DRAIN},
            id="nothing comes: whoever has a free slot drains",
        ),
        pytest.param(
            work(Work(NOW, 60, 2), running=runs("a", 600) + runs("b", 30)),
            fleet(worker("a", active=1), worker("b", active=1)),
            2,
            {"b": Order.DRAIN},
            id="work is packed on the worker that is paid for longest anyway",
        ),
        pytest.param(
            work(running=runs("a", 600, 600, 600, 600)),
            fleet(worker("a", active=4)),
            1,
            {},
            id="a full worker is told nothing",
        ),
        pytest.param(
            work(Work(NOW, 60, 1), running=runs("a", 3000, 3000, 3000, 3000)),
            fleet(worker("a", active=4), worker("b")),
            2,
            {},
            id="a full worker does not hide a free one",
        ),
        pytest.param(
            work(),
            fleet(worker("a", Phase.DRAINED, idle_since=NOW - 30)),
            1,
            {},
            id="who is drained is held",
        ),
        pytest.param(work(), fleet(worker("a", Phase.DRAINED)), 0, {"a": Order.LEAVE}, id="and let go after the hold"),
        pytest.param(
            work(foreseen=[Work(NOW + 90, 60, 1)]),
            fleet(worker("a", Phase.DRAINED)),
            1,
            {"a": Order.ACCEPT},
            id="not while the schedule calls for it",
        ),
        pytest.param(
            work(),
            replace(fleet(worker("a", Phase.DRAINED), worker("b", Phase.STARTING)), rollout=Rollout(is_on_trial=True)),
            2,
            {},
            id="nobody is let go while a worker has to start: ECS could stop that one",
        ),
        pytest.param(
            work(),
            fleet(worker("a", Phase.DRAINED), worker("b", Phase.STARTING)),
            2,
            {},
            id="nor while one starts that is not needed any more: it comes up, and drains",
        ),
        pytest.param(work(), fleet(desired=3), 0, {}, id="who has not begun and is not needed any more is taken back"),
        pytest.param(
            work(Work(NOW, 300, 4)), fleet(*STARTING), 3, {}, id="nobody is taken back who has begun to start"
        ),
        pytest.param(
            work(),
            replace(fleet(desired=3), rollout=Rollout(is_on_trial=True)),
            1,
            {},
            id="but for one, while ECS tries a revision that nobody runs yet",
        ),
        pytest.param(work(is_complete=False), fleet(desired=1), 1, {}, id="nor when not all is known"),
        pytest.param(
            work(running=runs("b", 60, 60, 60, 60)),
            fleet(worker("b", active=4, protected_until=NOW + 60), desired=2),
            2,
            {},
            id="nor while another's protection ends",
        ),
        pytest.param(
            work(running=runs("b", 60, 60, 60, 60)),
            fleet(worker("a", Phase.DRAINED), worker("b", active=4, protected_until=NOW + 60)),
            2,
            {},
            id="nor while another's protection ends",
        ),
        pytest.param(
            work(),
            fleet(worker("a", Phase.DRAINED), worker("b", Phase.STARTING, is_lost=True, protected_until=NOW)),
            2,
            {},
            id="nor while one that never reported may have come up a day ago",
        ),
        pytest.param(
            work(),
            fleet(worker("a", Phase.DRAINED, is_lost=True)),
            1,
            {},
            id="a lost worker is not let go: it may run tasks",
        ),
        pytest.param(work(Work(NOW, 300, 4)), fleet(worker("a", is_lost=True)), 2, {}, id="and is no capacity"),
        pytest.param(
            work(Work(NOW, 300, 2)),
            fleet(worker("old", is_current=False)),
            2,
            {},
            id="a rollout: the old one accepts until the new one is there",
        ),
        pytest.param(
            work(Work(NOW, 300, 2)),
            fleet(worker("old", is_current=False), worker("new", Phase.STARTING)),
            2,
            {},
            id="also while the new one starts",
        ),
        pytest.param(
            work(Work(NOW, 300, 2)),
            fleet(worker("old", is_current=False), worker("new")),
            2,
            {"old": Order.DRAIN},
            id="and then drains",
        ),
        pytest.param(
            work(Work(NOW, 300, 2)),
            fleet(worker("old", Phase.DRAINED, is_current=False, idle_since=NOW), worker("new")),
            1,
            {"old": Order.LEAVE},
            id="an old one that is empty is not held",
        ),
        pytest.param(None, fleet(worker("a", Phase.DRAINED), worker("b")), 2, {}, id="nothing known: nothing changes"),
        pytest.param(
            work(Work(NOW, 300, 8), is_complete=False),
            fleet(worker("a", Phase.DRAINED)),
            2,
            {"a": Order.ACCEPT},
            id="only the queue known: enough to grow by",
        ),
    ],
)
def test_rule(workload: Workload | None, there: Fleet, desired: int, orders: dict[str, Order]) -> None:
    decision = decide(workload, there, POLICY, NOW)
    assert (decision.desired, dict(decision.orders)) == (desired, orders)


def test_worker_that_was_told_to_leave_and_is_silent_keeps_its_place_in_the_count() -> None:
    """ECS counts it: without its place, one that starts would have none."""
    silent = worker("a", Phase.DRAINED, order=Order.LEAVE, is_lost=True)
    assert decide(work(Work(NOW, 600.0, 4)), fleet(silent, desired=0), POLICY, NOW).desired == 2


def test_fleet_that_falls_silent_is_not_started_again_and_again() -> None:
    """The state table is away for the workers: new ones could not report either."""
    silent = [worker(f"w{number}", is_lost=True, active=4) for number in range(10)]
    assert decide(work(Work(NOW, 600.0, 1000)), fleet(*silent), POLICY, NOW).desired == 10


def test_full_workers_beyond_the_maximum_drain_though_there_is_a_backlog() -> None:
    """Those of a rollback, say: nobody would ever have a free slot."""
    names = ("a", "b", "c")
    running = [each for name in names for each in runs(name, 60, 60, 60, 60)]
    there = fleet(*(worker(name, active=4) for name in names))
    decision = decide(work(Work(NOW, 60, 99), running=running), there, replace(POLICY, maximum=2), NOW)
    assert list(decision.orders.values()) == [Order.DRAIN]


def test_full_worker_makes_up_the_minimum() -> None:
    """With another called back in its stead there would be one too many when it has room again, and again another."""
    policy = replace(POLICY, minimum=1, maximum=1)
    there = fleet(worker("a", active=4), worker("b", Phase.DRAINED, idle_since=NOW))
    decision = decide(work(running=runs("a", 60, 60, 60, 60)), there, policy, NOW)
    assert (decision.desired, decision.orders) == (2, {})


def test_next_revision_asks_for_no_further_worker_while_the_one_to_try_has_not_begun() -> None:
    there = replace(fleet(desired=1), rollout=Rollout("revision:1", "revision:2"))
    assert decide(work(), there, POLICY, NOW).desired == 1
    assert decide(None, there, POLICY, NOW).desired == 1


def test_minimum_is_started_and_accepts() -> None:
    decision = decide(work(), fleet(worker("a", Phase.DRAINED)), replace(POLICY, minimum=2), NOW)
    assert (decision.desired, decision.needed, decision.orders) == (2, 2, {"a": Order.ACCEPT})


def test_margin_keeps_slots_for_what_nobody_foresees() -> None:
    """Two roots of the nine slots that such work held lately: six slots, two workers."""
    policy = replace(POLICY, preset=Preset(20.0, margin=2.0, hold_seconds=0.0))
    assert decide(work(unforeseen_slots=9.0), fleet(), policy, NOW).desired == 2
    assert decide(work(unforeseen_slots=0.0), fleet(), policy, NOW).desired == 0


def test_gap_is_what_is_missing_or_too_many() -> None:
    assert decide(work(Work(NOW, 300, 8)), fleet(), POLICY, NOW).gap == 2
    assert decide(work(), fleet(worker("a")), POLICY, NOW).gap == -1


def test_reason_says_what_was_counted() -> None:
    reason = decide(work(Work(NOW, 300, 5)), fleet(worker("a")), POLICY, NOW).reason
    assert reason == "0 run, 5 wait, 0 are foreseen: 1 workers accept, 1 more are needed"


def test_ten_thousand_task_instances_are_decided_in_a_moment() -> None:
    rng = random.Random(1)
    there = fleet(*(worker(f"w{number}", active=16) for number in range(300)))
    running = [Running(f"w{number % 300}", NOW + rng.uniform(1, 3000)) for number in range(4800)]
    waiting = [Work(NOW - rng.uniform(0, 60), rng.uniform(1, 600)) for _ in range(3000)]
    foreseen = [Work(NOW + rng.uniform(0, 120), rng.uniform(1, 600)) for _ in range(2200)]
    workload = work(*waiting, running=running, foreseen=foreseen)
    began = time.perf_counter()
    decide(workload, there, replace(POLICY, concurrency=16, maximum=2000), NOW)
    assert time.perf_counter() - began < 1.0
