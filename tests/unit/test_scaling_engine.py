"""The simulator's engine: queues as theory has them, and what happens to workers and tasks."""

import heapq
import math
import random
import statistics

import pytest

from benchmarks.scaling import plumbing
from benchmarks.scaling.cluster import Cluster
from benchmarks.scaling.executors import NativeExecutor, ZeroKillExecutor
from benchmarks.scaling.farflow import Farflow, Trouble
from benchmarks.scaling.foresight import Forecast, Foresight
from benchmarks.scaling.outcome import Outcome, outcome_of, quantile
from benchmarks.scaling.plumbing import Plumbing
from benchmarks.scaling.references import Fixed
from benchmarks.scaling.runs import Day, Run
from control_plane.worker_scaling.fleet import Order, Phase
from control_plane.worker_scaling.policy import PRESETS

HOUR = 3600.0
MEAN_SECONDS = 200.0


def one_task(at: float, seconds: float, *, known: bool = True, dag_id: str = "dag") -> Run:
    return Run(dag_id, at, known, ((seconds,),))


def erlang_c_wait(rate: float, mean_seconds: float, servers: int) -> float:
    """Mean wait of M/M/k: https://en.wikipedia.org/wiki/Erlang_(unit)#Erlang_C_formula"""
    load = rate * mean_seconds
    waiting = load**servers / math.factorial(servers) * servers / (servers - load)
    busy = waiting / (sum(load**number / math.factorial(number) for number in range(servers)) + waiting)
    return busy * mean_seconds / (servers - load)


def draw(servers: int, use: float, number: int, seed: int) -> list[Run]:
    """Poisson arrivals, exponential durations."""
    rng = random.Random(seed)
    at, runs = 1000.0, []
    for _ in range(number):
        at += rng.expovariate(use * servers / MEAN_SECONDS)
        runs.append(one_task(at, rng.expovariate(1 / MEAN_SECONDS)))
    return runs


def waits(runs: list[Run], servers: int) -> list[float]:
    """With one worker of so many slots; without the half second that the scheduler's loop adds on average."""
    cluster = Cluster(Day(runs, HOUR), Plumbing(concurrency=servers), 1)
    Fixed(ZeroKillExecutor(cluster), 1)
    cluster.play()
    return [wait - plumbing.SCHEDULER_LOOP / 2 for wait, _, _ in cluster.waits]


def waits_by_recursion(runs: list[Run], servers: int) -> list[float]:
    """Of a queue in the order of arrival: each takes the server that is free first (Kiefer and Wolfowitz)."""
    free = [0.0] * servers
    found = []
    for run in runs:
        begin = max(run.run_after, free[0])
        found.append(begin - run.run_after)
        heapq.heapreplace(free, begin + run.levels[0][0])
    return found


@pytest.mark.parametrize(("servers", "use"), [(1, 0.5), (4, 0.7), (12, 0.8)])
def test_waits_are_those_of_a_queue(servers: int, use: float) -> None:
    runs = draw(servers, use, 4000, seed=1)
    expected = statistics.fmean(waits_by_recursion(runs, servers))
    assert statistics.fmean(waits(runs, servers)) == pytest.approx(expected, rel=0.03, abs=1.0)


@pytest.mark.parametrize(("servers", "use"), [(1, 0.5), (4, 0.7)])
def test_waits_are_those_of_erlang_c(servers: int, use: float) -> None:
    """M/M/k; of so many draws the mean still strays by a few per cent."""
    measured = [statistics.fmean(waits(draw(servers, use, 6000, seed), servers)) for seed in range(4)]
    expected = erlang_c_wait(use * servers / MEAN_SECONDS, MEAN_SECONDS, servers)
    assert statistics.fmean(measured) == pytest.approx(expected, rel=0.15)


def play(runs: list[Run], preset: str = "balanced", seconds: float = 2 * HOUR, **fields: object) -> Outcome:
    cluster = Cluster(Day(runs, seconds, runs), Plumbing(concurrency=4), 1)
    Farflow(cluster, PRESETS[preset], **fields)  # type: ignore[arg-type]
    cluster.play()
    return outcome_of(cluster)


def test_known_work_finds_its_worker_there() -> None:
    outcome = play([one_task(HOUR, 60.0, dag_id=f"dag {number}") for number in range(8)])
    assert outcome.max <= PRESETS["balanced"].slack_seconds
    assert outcome.starts == 2


def test_unknown_work_from_zero_waits_for_the_next_look_and_a_cold_start() -> None:
    outcome = play([one_task(HOUR, 60.0, known=False)])
    assert min(plumbing.COLD_STARTS) < outcome.max < 60 + 15 + max(plumbing.COLD_STARTS) + 2


def test_nothing_to_do_costs_nothing() -> None:
    assert play([one_task(0.0, 1.0)], seconds=6 * HOUR).worker_hours < 0.1


def test_long_tasks_are_never_killed_by_farflow() -> None:
    runs = [
        one_task(60.0 * number, 30.0 * (1 + number % 50), dag_id=f"d{number}", known=number % 3 > 0)
        for number in range(300)
    ]
    outcome = play(runs, "economy", 8 * HOUR)
    assert (outcome.killed, outcome.unfinished) == (0, 0)


def test_lost_looks_and_a_database_that_is_away_kill_nothing() -> None:
    runs = [one_task(60.0 * number, 90.0, dag_id=f"d{number}") for number in range(120)]
    outcome = play(runs, trouble=Trouble(lost_ticks=0.3, outage=(HOUR, 1.5 * HOUR)))
    assert (outcome.killed, outcome.unfinished) == (0, 0)


def test_same_seed_gives_the_same_day() -> None:
    runs = [one_task(50.0 * number, 70.0, dag_id=f"d{number}") for number in range(50)]
    assert play(runs) == play(runs)


def fleet_of(count: int, *runs: Run, seconds: float = HOUR) -> Cluster:
    cluster = Cluster(Day(runs, seconds), Plumbing(concurrency=2), 3)
    cluster.launch(count)
    return cluster


def test_sigkill_kills_what_the_stop_timeout_does_not_let_end_and_airflow_tries_again() -> None:
    cluster = fleet_of(1, one_task(100.0, 500.0))
    executor = NativeExecutor(cluster, 120.0)
    cluster.at(200.0, executor.set_count, 0)
    cluster.at(300.0, executor.set_count, 1)
    cluster.play()
    assert (cluster.killed, cluster.runs_left) == (1, 0)
    first, second = cluster.stopped[0], cluster.workers[0]
    assert first.stopped_at == 320.0
    assert cluster.makespans == [pytest.approx(320.0 + plumbing.HEARTBEAT_TIMEOUT + 500.0 - 100.0, abs=1.1)]
    assert second.launched_at == 300.0


def test_task_that_ends_within_the_stop_timeout_is_not_killed() -> None:
    cluster = fleet_of(1, one_task(100.0, 150.0))
    cluster.at(200.0, NativeExecutor(cluster, 120.0).set_count, 0)
    cluster.play()
    assert cluster.killed == 0
    assert cluster.stopped[0].stopped_at == pytest.approx(251.0, abs=1.1)


def test_message_in_the_last_poll_of_a_stopped_worker_waits_for_the_queue_timeout() -> None:
    """celery #8875: the worker has a task, so it lives on for a while, and its last poll takes the message."""
    cluster = fleet_of(1, one_task(100.0, 60.0), one_task(120.5, 5.0), seconds=2 * HOUR)
    worker = cluster.workers[0]
    cluster.at(120.2, lambda: cluster.terminate(worker, 120.0, loses_messages=True))
    cluster.at(120.3, lambda: setattr(worker, "poll_ends", 130.0))
    cluster.at(200.0, cluster.launch, 1)
    cluster.play()
    assert cluster.queued_too_long == 1
    assert max(wait for wait, _, _ in cluster.waits) == pytest.approx(600.0, abs=2.0)


def test_zero_kill_executor_drains_who_has_the_fewest_tasks_and_calls_back_first() -> None:
    cluster = fleet_of(2, one_task(100.0, 500.0))
    executor = ZeroKillExecutor(cluster)
    seen: list[tuple[int, int]] = []
    cluster.at(150.0, executor.set_count, 1)
    cluster.at(156.0, executor.set_count, 2)
    cluster.at(157.0, lambda: seen.append((executor.count, cluster.starts)))
    cluster.at(200.0, executor.set_count, 1)
    cluster.play()
    assert seen == [(2, 2)]
    assert cluster.killed == 0
    assert len(cluster.stopped) == 1
    assert not cluster.stopped[0].tasks


def test_draining_worker_takes_what_its_open_poll_brings_and_then_no_more() -> None:
    runs = [one_task(100.0 + number, 300.0) for number in range(60)]
    cluster = Cluster(Day(runs, HOUR), Plumbing(concurrency=60), 1)
    cluster.launch(1)
    worker = cluster.workers[0]
    counts: list[int] = []
    cluster.at(110.0, cluster.tell, worker, Order.DRAIN)
    cluster.at(110.0 + 5 + plumbing.LONG_POLL, lambda: counts.append(len(worker.tasks)))
    cluster.at(170.0, lambda: counts.append(len(worker.tasks)))
    cluster.at(500.0, lambda: counts.append(worker.phase is Phase.DRAINED))
    cluster.at(500.0, cluster.tell, worker, Order.ACCEPT)
    cluster.play()
    assert counts[0] == counts[1] >= 10
    assert counts[2]
    assert cluster.runs_left == 0


def test_parallelism_holds_back_what_is_beyond_it() -> None:
    runs = [one_task(200.0, 100.0, dag_id=f"d{number}") for number in range(4)]
    cluster = Cluster(Day(runs, HOUR), Plumbing(concurrency=8, parallelism=2), 1)
    cluster.launch(1)
    cluster.play()
    assert sorted(round(wait, -2) for wait, _, _ in cluster.waits) == [0, 0, 100, 100]


def test_runs_beyond_the_limit_of_their_dag_begin_when_others_end() -> None:
    runs = [Run("backfill", 200.0, known=True, levels=((100.0,),), max_active=1) for _ in range(3)]
    cluster = Cluster(Day(runs, HOUR), Plumbing(concurrency=8), 1)
    cluster.launch(1)
    cluster.play()
    assert [round(each, -2) for each in cluster.makespans] == [100, 200, 300]


def test_pause_between_levels_is_kept() -> None:
    cluster = fleet_of(1, Run("retry", 200.0, known=True, levels=((10.0,), (10.0,)), pauses=(0.0, 300.0)))
    cluster.play()
    assert cluster.makespans == [pytest.approx(320.0, abs=2.1)]


def test_bill_is_at_least_a_minute() -> None:
    cluster = fleet_of(1)
    cluster.at(10.0, NativeExecutor(cluster, 30.0).set_count, 0)
    cluster.at(HOUR, lambda: None)
    cluster.play()
    assert cluster.billed_seconds() == plumbing.SHORTEST_BILL


def test_forecast_sees_the_schedule_and_the_median_of_the_past_and_not_the_future() -> None:
    """The run that is due takes 999 s; its past took 10, 20 and 30 s."""
    past = [one_task(0.0, seconds) for seconds in (10.0, 20.0, 30.0)]
    runs = [one_task(100.0, 999.0), one_task(110.0, 5.0, known=False, dag_id="event")]
    cluster = Cluster(Day(runs, HOUR, past), Plumbing(), 1)
    foresight = Foresight(cluster, Forecast())
    assert [(work.at, work.seconds, work.count) for work in foresight.look(200.0).foreseen] == [(100.0, 20.0, 1)]
    assert foresight.look(50.0).foreseen == ()


def test_forecast_sees_the_next_level_of_a_run_that_goes_on() -> None:
    chain = Run("chain", 100.0, known=True, levels=((50.0,), (70.0, 70.0)))
    cluster = Cluster(Day([chain], HOUR, [chain]), Plumbing(), 1)
    cluster.launch(1)
    foresight = Foresight(cluster, Forecast())
    seen = []
    cluster.at(120.0, lambda: seen.append(foresight.look(100.0)))
    cluster.play()
    assert [len(each.running) for each in seen] == [1]
    (work,) = seen[0].foreseen
    assert (work.at, work.seconds, work.count) == (pytest.approx(151.0, abs=1.1), 70.0, 2)


def test_quantile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [quantile(values, share) for share in (0.5, 0.95, 1.0)] == [50.0, 95.0, 100.0]
    assert quantile([], 0.5) == 0.0
