"""The bounds of the simulator: by hand where a hand can do it, and in the order in which they must stand."""

import random

import pytest

from benchmarks.scaling.bounds import (
    first_fit,
    waiting_bound,
    work_bound,
    zero_wait_bound,
    zero_wait_bound_with_starts,
)
from benchmarks.scaling.families import FAMILIES
from benchmarks.scaling.profile import profile_of, zero_wait_intervals, zero_wait_profile
from benchmarks.scaling.runs import Run
from benchmarks.scaling.study import interval


def run(at: float, *levels: tuple[float, ...], pauses: tuple[float, ...] = ()) -> Run:
    return Run("dag", at, known=True, levels=levels, pauses=pauses)


def test_profile_counts_what_runs_at_once() -> None:
    assert profile_of([(0, 10), (5, 15), (20, 30)]) == [(0, 5, 1), (5, 10, 2), (10, 15, 1), (20, 30, 1)]


def test_next_level_begins_when_the_longest_task_ends_and_its_pause_is_over() -> None:
    assert zero_wait_intervals([run(0, (10.0, 20.0), (5.0,), pauses=(0.0, 7.0))]) == [(0, 10), (0, 20), (27, 32)]


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param([run(0, (100.0,))], 100 + 70, id="one worker, one start"),
        pytest.param([run(0, (100.0, 100.0))], 100 + 70, id="two slots of it"),
        pytest.param([run(0, (100.0,) * 3)], 2 * (100 + 70), id="a third task: a second worker"),
        pytest.param([run(0, (100.0,)), run(150, (100.0,))], 250 + 70, id="a short gap is kept over"),
        pytest.param([run(0, (100.0,)), run(500, (100.0,))], 2 * (100 + 70), id="a long one is not"),
    ],
)
def test_bound_with_starts_by_hand(runs: list[Run], expected: float) -> None:
    """Two slots a worker, a start costs 70 s."""
    assert zero_wait_bound_with_starts(zero_wait_profile(runs), 2, 70.0) == pytest.approx(expected)


def test_bound_for_waiting_counts_only_what_cannot_be_shifted_away() -> None:
    runs = [run(0, (100.0,)), run(0, (10.0,))]
    assert waiting_bound(runs, 1, 20.0) == 110.0
    assert waiting_bound([run(0, (100.0,)), run(0, (100.0,))], 1, 20.0) == 200.0
    assert waiting_bound([run(0, (100.0,)), run(0, (100.0,))], 2, 20.0) == 100.0


@pytest.mark.parametrize("family", ["cron-heavy", "event-driven", "from zero"])
def test_bounds_stand_in_their_order(family: str) -> None:
    """Work, then no waiting, then with starts; above all of them what somebody can do."""
    day = FAMILIES[family].day(5)
    profile = zero_wait_profile(day.runs)
    bounds = [
        work_bound(day.runs, 8),
        zero_wait_bound(profile, 8),
        zero_wait_bound_with_starts(profile, 8, 74.0),
        first_fit(day.runs, 8, 74.0),
    ]
    assert bounds == sorted(bounds)
    assert bounds[0] <= waiting_bound(day.runs, 8, 20.0) <= bounds[1]


def test_interval_of_the_mean_holds_it_and_narrows_with_more_values() -> None:
    rng = random.Random(1)
    values = [rng.gauss(10, 2) for _ in range(100)]
    low, high = interval(values)
    few_low, few_high = interval(values[:10])
    assert low < sum(values) / 100 < high
    assert high - low < few_high - few_low
