"""The rules of others, at their documented numbers."""

from collections.abc import Callable

import pytest

from benchmarks.scaling.cluster import Cluster
from benchmarks.scaling.executors import Executor, ZeroKillExecutor
from benchmarks.scaling.outcome import outcome_of
from benchmarks.scaling.plumbing import Plumbing
from benchmarks.scaling.references import (
    Astronomer,
    DelayedOff,
    Hankehly,
    Hpa,
    Keda,
    Mwaa2023,
    MwaaNow,
    Reference,
    Sm2a,
    SqsBacklog,
    Tuning,
    references,
    tuned,
)
from benchmarks.scaling.runs import Day, Run

HOUR = 3600.0


class Recorder(ZeroKillExecutor):
    """Counts at once, without workers."""

    def __init__(self, cluster: Cluster, count: int) -> None:
        super().__init__(cluster)
        self._count = count
        self.told: list[tuple[float, int]] = []

    @property
    def count(self) -> int:
        return self._count

    def set_count(self, wanted: int) -> None:
        self._count = wanted
        self.told.append((self.cluster.now, wanted))


def told(
    rule: Callable[[Executor], Reference], count: int, load: list[tuple[float, float, int]], until: float
) -> list[tuple[float, int]]:
    """What it says while so many tasks run from and until these times, on workers of eight slots."""
    runs = [Run(f"{at}", at, known=False, levels=((end - at,) * tasks,)) for at, end, tasks in load]
    cluster = Cluster(Day(runs, until), Plumbing(concurrency=8), 1)
    cluster.launch(30)  # beside the count, so that tasks run
    recorder = Recorder(cluster, count)
    rule(recorder)
    cluster.play()
    return recorder.told


def test_hpa_doubles_at_most_each_15_s_and_comes_down_after_five_minutes() -> None:
    said = told(Hpa, 5, [(100.0, 400.0, 160)], 1200.0)
    assert [count for _, count in said][:2] == [1, 5] or [count for _, count in said][:2] == [10, 20]
    assert max(count for _, count in said) == 20
    down = next(at for at, count in said if at > 400 and count < 20)
    assert down >= 400 + 300 - 15


def test_keda_goes_to_one_within_seconds_and_to_none_after_its_cool_down() -> None:
    said = told(Keda, 0, [(100.0, 160.0, 3)], 900.0)
    (first, _), *_ = said
    assert 100 < first < 107
    assert said[-1][1] == 0
    assert said[-1][0] >= 160 + 30 - Keda.polling


def test_mwaa_of_2023_shrinks_only_when_nothing_was_there_for_two_minutes() -> None:
    said = told(Mwaa2023, 1, [(100.0, 200.0, 40), (150.0, 500.0, 1)], 1200.0)
    assert [count for _, count in said] == [5, 1]
    assert said[1][0] >= 500 + 120


def test_mwaa_and_astronomer_follow_the_load() -> None:
    assert [count for _, count in told(MwaaNow, 1, [(100.0, 200.0, 17)], 600.0)] == [3, 1]
    assert [count for _, count in told(Astronomer, 1, [(100.0, 200.0, 17)], 600.0)] == [0, 3, 0]


def test_hankehly_needs_three_minutes_to_grow_and_fifteen_to_shrink() -> None:
    said = told(Hankehly, 1, [(100.0, 2000.0, 32)], 5000.0)
    (grown, count), *rest = said
    assert 100 + 120 <= grown <= 100 + 240
    assert count == 4
    assert rest[0][0] >= 2000 + 14 * 60


def test_sm2a_adds_one_a_minute() -> None:
    said = told(Sm2a, 1, [(100.0, 400.0, 160)], 420.0)
    assert [count for _, count in said] == list(range(2, 2 + len(said)))
    assert 4 <= len(said) <= 6


def test_sqs_backlog_does_not_see_what_runs() -> None:
    """Forty tasks run on five workers, nothing is queued: after a quarter of an hour it keeps one."""
    ((at, count),) = told(SqsBacklog, 5, [(100.0, 3000.0, 40)], 1200.0)
    assert (at >= 14 * 60, count) == (True, 1)


def test_delayed_off_at_most_so_many_a_minute() -> None:
    said = told(lambda executor: DelayedOff(executor, 300.0, 10), 0, [(100.0, 300.0, 240)], 280.0)
    assert [count for _, count in said] == [10, 20, 30]
    assert said[1][0] - said[0][0] >= 60


def small_day() -> Day:
    runs = [
        Run(f"d{number % 20}", 90.0 * number, known=number % 2 == 0, levels=((20.0 + number % 70,) * 3, (30.0,)))
        for number in range(120)
    ]
    return Day(runs, 3 * HOUR, runs[:20])


@pytest.mark.parametrize("name", list(references()))
def test_reference_ends_the_day(name: str) -> None:
    """It does all the work, and with the executor that kills nothing it kills nothing."""
    cluster = Cluster(small_day(), Plumbing(), 1)
    references()[name](cluster)
    cluster.play()
    outcome = outcome_of(cluster)
    assert outcome.unfinished == 0
    assert outcome.worker_hours >= outcome.worker_hours_worked
    if "zero-kill" in name:
        assert outcome.killed == 0


def test_tuned_rule_holds_its_count() -> None:
    hours = []
    for hold in (0.0, 600.0):
        cluster = Cluster(small_day(), Plumbing(), 1)
        tuned(Tuning(0.75, 1, hold))(cluster)
        cluster.play()
        hours.append(outcome_of(cluster).worker_hours)
    assert hours[0] < hours[1]
