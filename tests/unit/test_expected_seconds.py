"""How long a task is expected to take of which nothing was learnt."""

import pytest

from workload_metrics.durations import OVERDUE_GROWTH, SHORTEST_SECONDS, UNKNOWN_SECONDS, Durations, Learnt
from workload_metrics.expected_seconds import ExpectedSeconds
from workload_metrics.observation import Instances, Observation, Progress

NOW = 1_000_000.0
SHORT = Durations({"other": {"task": Learnt(1.0)}})
GROWTH = 1 + OVERDUE_GROWTH


def running(age: float, count: int = 1, *, state: str = "running", is_resumed: bool = False) -> Instances:
    place = ("new", "run", "task", state, "default", None, "default_pool", 1, 1, count)
    return Instances(*place, since=NOW - age, hostname="h", is_resumed=is_resumed)


def ended(seconds: float, count: int = 1, *, run_id: str = "run", state: str = "success") -> Progress:
    """So many, of which each took as long."""
    return Progress("new", run_id, "task", state, count, False, seconds * count, count if seconds else 0)


def expected(*seen: Instances | Progress, durations: Durations = SHORT) -> float:
    instances = tuple(each for each in seen if isinstance(each, Instances))
    progress = tuple(each for each in seen if isinstance(each, Progress))
    return ExpectedSeconds(durations, Observation(NOW, instances, progress=progress))("new", "task")


def test_nothing_seen_is_as_usual() -> None:
    assert expected() == 1.0
    assert expected(durations=Durations()) == UNKNOWN_SECONDS


def test_those_that_run_show_that_the_rest_is_longer_than_usual() -> None:
    """A first wide run of a DAG of long tasks, where all others are short: workers come before its first task ends."""
    assert expected(running(100, 3), running(20)) == pytest.approx(80 * GROWTH)


def test_those_that_run_do_not_show_that_the_rest_is_shorter() -> None:
    assert expected(running(0.0), durations=Durations()) == UNKNOWN_SECONDS


def test_those_that_ended_show_what_the_rest_takes_be_it_shorter_than_usual() -> None:
    assert expected(ended(60.0, 3), ended(20.0, run_id="second", state="failed"), running(40)) == 50.0
    assert expected(ended(0.01), durations=Durations()) == SHORTEST_SECONDS


def test_one_that_ended_at_once_does_not_hide_those_that_run_for_long() -> None:
    assert expected(ended(0.6, state="failed"), running(600, 4)) == pytest.approx((0.6 + 4 * 600 * GROWTH) / 5)


def test_what_did_not_run_tells_nothing() -> None:
    assert expected(ended(0.0, 9), ended(500.0, state="upstream_failed"), running(500, state="queued")) == 1.0


def test_what_slept_meanwhile_tells_nothing() -> None:
    assert expected(running(10_800, is_resumed=True)) == 1.0


def test_what_was_learnt_is_believed_above_all() -> None:
    durations = Durations({"new": {"task": Learnt(7.0)}})
    assert expected(ended(60.0), running(600), durations=durations) == 7.0


def test_clock_that_is_behind_makes_no_age_negative() -> None:
    assert expected(running(-1000.0), running(100)) == pytest.approx(100 * GROWTH)
