"""The ECS service scheduler's next step, as tables."""

import itertools

import pytest

from local.emulator.service_schedule import Health, Plan, Service, Task, plan, wait_before_start_seconds

HEALTHY, STARTING, UNHEALTHY, STOPPING = Health.HEALTHY, Health.STARTING, Health.UNHEALTHY, Health.STOPPING

CLOCK = itertools.count()


def new(health: Health = HEALTHY, *, protected: bool = False, name: str = "") -> Task:
    return task(health, protected=protected, name=name, current=True)


def old(health: Health = HEALTHY, *, protected: bool = False, name: str = "") -> Task:
    return task(health, protected=protected, name=name, current=False)


def task(health: Health, *, protected: bool, name: str, current: bool) -> Task:
    number = next(CLOCK)
    return Task(name or f"task-{number}", current, health, protected, f"2026-01-01T00:00:{number:06}")


@pytest.mark.parametrize(
    ("desired", "tasks", "start"),
    [
        (0, [], 0),
        (2, [], 2),
        (2, [new(STARTING)], 1),
        (2, [new(), new()], 0),
        (2, [new(), new(UNHEALTHY)], 1),  # the replacement comes first
        (1, [new(), old()], 0),
        (2, [old(), old()], 2),  # 200 %: all at once
        (2, [old(), old(), new(STARTING)], 1),
        (1, [new(STOPPING), new(STOPPING)], 0),  # 200 % is full of those that still stop
        (1, [new(STOPPING)], 1),
    ],
)
def test_starts_as_many_as_are_missing_and_fit(desired: int, tasks: list[Task], start: int) -> None:
    assert plan(Service(desired), tasks).start == start


def test_maximum_percent_holds_starts_back() -> None:
    assert plan(Service(4, minimum_percent=50, maximum_percent=100), [old() for _ in range(4)]).start == 0
    assert plan(Service(4, minimum_percent=50, maximum_percent=150), [old() for _ in range(4)]).start == 2


@pytest.mark.parametrize(
    ("desired", "tasks", "start", "stop"),
    [
        # Workers: what is protected stays, and new ones start in the room that the count has beside it.
        (1, [old(protected=True)], 0, ()),
        (2, [old(protected=True)], 1, ()),
        (3, [old(protected=True), old(protected=True)], 1, ()),
        (3, [old(protected=True), old(protected=True), new(STARTING)], 0, ()),
        (2, [old(protected=True), old(protected=True), new(protected=True)], 0, ()),
        # Who gave its protection up goes at once, and takes room until it is gone.
        (2, [old(name="a"), new(protected=True)], 0, ("a",)),
        (2, [old(STOPPING), new(protected=True)], 0, ()),
        (2, [old(name="a"), old(name="b")], 0, ("a", "b")),
        (2, [old(STARTING, name="a"), old(protected=True)], 0, ("a",)),
        # The count was lowered for one that is drained: nobody else can be meant.
        (1, [new(protected=True), new(protected=True)], 0, ()),
        (1, [new(protected=True), new(name="a")], 0, ("a",)),
        (0, [new(name="a")], 0, ("a",)),
        (0, [new(protected=True)], 0, ()),
        (0, [], 0, ()),
    ],
)
def test_workers_start_in_the_count_s_own_room_and_the_protected_stay(
    desired: int, tasks: list[Task], start: int, stop: tuple[str, ...]
) -> None:
    """MaximumPercent 100 and MinimumHealthyPercent 0, as the template has them for workers."""
    step = plan(Service(desired, minimum_percent=0, maximum_percent=100), tasks)
    assert (step.start, step.stop) == (start, stop)


def test_old_tasks_leave_as_new_ones_become_healthy() -> None:
    olds = [old(name="a"), old(name="b")]
    assert plan(Service(2), [*olds, new(STARTING), new(STARTING)]).stop == ()
    assert plan(Service(2), [*olds, new(), new(STARTING)]).stop == ("a",)
    assert plan(Service(2), [*olds, new(), new()]).stop == ("a", "b")


def test_minimum_percent_makes_room_first() -> None:
    """50 % of four: two may go before anything new is there."""
    step = plan(Service(4, minimum_percent=50, maximum_percent=100), [old(name=name) for name in "abcd"])
    assert step.stop == ("a", "b")


def test_scale_in_stops_the_oldest() -> None:
    assert plan(Service(1), [new(name="a"), new(name="b"), new(name="c")]).stop == ("a", "b")


def test_scale_in_stops_what_has_not_started_first() -> None:
    assert plan(Service(1), [new(name="a"), new(STARTING, name="b")]).stop == ("b",)


def test_scale_in_spares_protected_tasks() -> None:
    assert plan(Service(1), [new(name="a", protected=True), new(name="b")]).stop == ("b",)
    assert plan(Service(0), [new(name="a", protected=True), new(name="b")]).stop == ("b",)


def test_deployment_spares_protected_tasks_and_is_blocked_by_them() -> None:
    step = plan(Service(1), [old(name="a", protected=True), new()])
    assert step == Plan(is_blocked=True)


def test_deployment_without_room_beside_protected_tasks_is_blocked() -> None:
    assert plan(Service(1, minimum_percent=0, maximum_percent=100), [old(protected=True)]) == Plan(is_blocked=True)


def test_deployment_is_complete_without_old_tasks_only() -> None:
    assert plan(Service(1), [new()]).is_complete
    assert not plan(Service(1), [new(), old()]).is_complete
    assert not plan(Service(1), [new(STARTING)]).is_complete
    assert plan(Service(0), []).is_complete


def test_unhealthy_task_is_replaced_before_it_is_stopped() -> None:
    sick = new(UNHEALTHY, name="sick")
    assert plan(Service(1), [sick]) == Plan(start=1)
    assert plan(Service(1), [sick, new(STARTING)]) == Plan()
    assert plan(Service(1), [sick, new()]).replaced_as_unhealthy == ("sick",)


def test_unhealthy_task_without_room_for_another_is_stopped_at_once() -> None:
    sick = new(UNHEALTHY, name="sick")
    assert plan(Service(1, minimum_percent=0, maximum_percent=100), [sick]).replaced_as_unhealthy == ("sick",)


def test_protection_does_not_keep_an_unhealthy_task() -> None:
    sick = new(UNHEALTHY, name="sick", protected=True)
    assert plan(Service(1), [sick, new()]).replaced_as_unhealthy == ("sick",)


def test_failed_deployment_starts_nothing() -> None:
    assert plan(Service(2, has_failed=True), []).start == 0


def test_waits_grow_with_failures_to_a_limit() -> None:
    assert [wait_before_start_seconds(failures) for failures in (0, 1, 2, 3, 4)] == [0, 1, 2, 4, 8]
    assert wait_before_start_seconds(100) == 60
