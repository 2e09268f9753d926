"""How long a task is expected to take of which nothing was learnt."""

import pytest

from workload_metrics.durations import OVERDUE_GROWTH, SHORTEST_SECONDS, UNKNOWN_SECONDS, Durations, Learnt
from workload_metrics.expected_seconds import ExpectedSeconds
from workload_metrics.observation import Instances, Observation, Progress

NOW = 1_000_000.0
SHORT = Durations({"other": {"task": Learnt(1.0)}})


def running(age: float, count: int = 1, dag_id: str = "new", state: str = "running") -> Instances:
    return Instances(
        dag_id, "run", "task", state, "default", None, "default_pool", 1, 1, count=count, since=NOW - age, hostname="h"
    )


def ended(seconds: float | None, count: int = 1, run_id: str = "run", state: str = "success") -> Progress:
    return Progress("new", run_id, "task", state, count, is_unmapped=False, seconds=seconds)


def expected(*seen: Instances | Progress, durations: Durations = SHORT, dag_id: str = "new") -> float:
    instances = tuple(each for each in seen if isinstance(each, Instances))
    progress = tuple(each for each in seen if isinstance(each, Progress))
    return ExpectedSeconds(durations, Observation(NOW, instances, progress=progress))(dag_id, "task")


def test_nothing_seen_is_as_usual() -> None:
    assert expected() == 1.0
    assert expected(durations=Durations()) == UNKNOWN_SECONDS


def test_those_that_run_show_that_the_rest_is_longer_than_usual() -> None:
    """A first wide run of a DAG of long tasks, where all others are short: workers come before its first task ends."""
    assert expected(running(100, 3), running(20)) == pytest.approx(80 * (1 + OVERDUE_GROWTH))


def test_those_that_run_do_not_show_that_the_rest_is_shorter() -> None:
    assert expected(running(0.0), durations=Durations()) == UNKNOWN_SECONDS


def test_those_that_ended_tell_more_than_those_that_run() -> None:
    assert expected(ended(60.0, 3), ended(20.0, 1, "second", "failed"), running(600)) == 50.0
    assert expected(ended(0.01), durations=Durations()) == SHORTEST_SECONDS


def test_what_was_skipped_tells_nothing() -> None:
    assert expected(ended(None), ended(500.0, state="upstream_failed"), running(500, state="queued")) == 1.0


def test_what_was_learnt_is_believed_above_all() -> None:
    durations = Durations({"new": {"task": Learnt(7.0)}})
    assert expected(ended(60.0), running(600), durations=durations) == 7.0


def test_clock_that_is_behind_makes_nothing_shorter_than_nothing() -> None:
    assert expected(running(-5.0)) == 1.0
