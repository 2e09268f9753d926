"""Days of work, drawn at random by what was published of real ones. The same seed gives the same day.

- Tasks of a job and their durations: Alibaba's trace of 2018 as `All-less/trace-generator` has it (median 2 tasks, 90 % at
  most 7, 99 % at most 20; durations log-normal with mu 1.6 and sigma 2.2, half below 5 s, a mean of 44 s).
- When schedules fall: people pick round times (Shopify, "Lessons Learned From Running Apache Airflow at Scale").
- A heavy tail: in Borg's trace of 2019 the largest 1 % of the jobs use almost everything; here single tasks reach an hour.

A task has a duration of its own, which differs from run to run by a log-normal factor, the noise.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.scaling.runs import Day, Levels, Run

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
MU, SIGMA = 1.6, 2.2
LONGEST_TASK = 3600.0
TASKS = ((0.0, 1), (0.5, 2), (0.75, 4), (0.9, 7), (0.95, 11), (0.99, 20), (1.0, 30))
"""Quantiles of a job's tasks."""
PERIODS = ((5 * MINUTE, 0.04), (15 * MINUTE, 0.10), (30 * MINUTE, 0.13), (HOUR, 0.48), (DAY, 0.25))
"""Of schedules, with their shares."""
ROUND_MINUTES = (0, 0, 0, 0, 0, 0, 0, 15, 30, 45, 5, 10)
NIGHT_HOURS = (0, 1, 2, 3, 4, 5, 6)
PAST_RUNS = 9
NOISE = 0.3


@dataclass(frozen=True)
class Dag:
    """What its runs have in common."""

    dag_id: str
    levels: Levels
    pauses: tuple[float, ...] = ()
    max_active: int = 0

    def run(self, at: float, rng: random.Random, noise: float, *, known: bool) -> Run:
        levels = tuple(
            tuple(min(2 * LONGEST_TASK * 4, max(0.5, each * rng.lognormvariate(0, noise))) for each in level)
            for level in self.levels
        )
        return Run(self.dag_id, at, known, levels, self.pauses, self.max_active)

    @property
    def seconds(self) -> float:
        return sum(map(sum, self.levels))


@dataclass(frozen=True)
class Family:
    """One kind of day."""

    name: str
    says: str
    draw: Callable[[random.Random], Iterator[tuple[Dag, float, bool]]]
    """DAG, when, whether known."""
    seconds: float = DAY

    def day(self, seed: int, noise: float = NOISE) -> Day:
        rng = random.Random(f"{self.name} {seed}")
        drawn = sorted(self.draw(rng), key=lambda each: each[1])
        dags = {dag.dag_id: dag for dag, _, _ in drawn}
        past = [dag.run(0, rng, noise, known=True) for dag in dags.values() for _ in range(PAST_RUNS)]
        runs = [dag.run(at, rng, noise, known=known) for dag, at, known in drawn]
        return Day(runs, self.seconds, past)


def make_dag(dag_id: str, rng: random.Random, mu: float = MU, sigma: float = SIGMA) -> Dag:
    """A chain of levels, with as many tasks and as long as in the trace."""
    share = rng.random()
    place = max(1, bisect_left([quantile for quantile, _ in TASKS], share))
    (low, fewest), (high, most) = TASKS[place - 1], TASKS[place]
    number = round(fewest + (most - fewest) * (share - low) / (high - low))
    depth = rng.randint(1, min(number, 5))
    widths = [1] * depth
    for _ in range(number - depth):
        widths[rng.randrange(depth)] += 1
    longest = LONGEST_TASK if mu == MU else 4 * LONGEST_TASK
    return Dag(
        dag_id,
        tuple(tuple(min(longest, max(1.0, rng.lognormvariate(mu, sigma))) for _ in range(width)) for width in widths),
    )


def period_of(dag: Dag, rng: random.Random) -> float:
    """A schedule's period: none so short that its runs pile up."""
    (period,) = rng.choices([each for each, _ in PERIODS], [share for _, share in PERIODS])
    while period < 4 * dag.seconds and period < DAY:
        period = next((each for each, _ in PERIODS if each > period), DAY)
    return period


def scheduled(rng: random.Random, number: int, *, is_hashed: bool = False) -> Iterator[tuple[Dag, float, bool]]:
    """DAGs with schedules, at round times or at times hashed from their names."""
    for index in range(number):
        dag = make_dag(f"cron_{index}", rng)
        period = period_of(dag, rng)
        if is_hashed:
            first = rng.uniform(0, period)
        elif period == DAY:
            first = rng.choice((*NIGHT_HOURS, rng.randrange(24))) * HOUR + rng.choice(ROUND_MINUTES) * MINUTE
        else:
            first = (rng.choice(ROUND_MINUTES) * MINUTE) % period
        at = first
        while at < DAY:
            yield dag, at, True
            at += period


def by_day(rng: random.Random, per_hour: float) -> Iterator[float]:
    """A Poisson process that is busiest at two in the afternoon, three times as busy as at night."""
    at = 0.0
    while True:
        at += rng.expovariate(per_hour * 1.5 / HOUR)
        if at >= DAY:
            return
        if rng.random() < (1 + 0.5 * math.cos(2 * math.pi * (at - 14 * HOUR) / DAY)) / 1.5:
            yield at


def events(
    rng: random.Random, number: int, per_hour: float, burst: float = 1.0, prefix: str = "event"
) -> Iterator[tuple[Dag, float, bool]]:
    """DAGs that events or people run; an event brings `burst` runs on average, within a few seconds."""
    dags = [make_dag(f"{prefix}_{index}", rng) for index in range(number)]
    for at in by_day(rng, per_hour / burst):
        for _ in range(1 if burst == 1 else max(1, round(rng.expovariate(1 / burst)))):
            yield rng.choice(dags), at + rng.uniform(0, 5), False


def _cron_heavy(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    yield from scheduled(rng, 130)
    yield from events(rng, 20, 12)


def _mixed(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    yield from scheduled(rng, 80)
    yield from events(rng, 40, 35, burst=3)
    yield from events(rng, 40, 15, prefix="manual")


def _event_driven(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    yield from scheduled(rng, 12)
    yield from events(rng, 80, 110, burst=4)
    yield from events(rng, 40, 30, prefix="manual")


def _hashed(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    yield from scheduled(rng, 130, is_hashed=True)
    yield from events(rng, 20, 12)


def _backfill(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    yield from scheduled(rng, 40)
    dag = Dag("backfill", ((60.0,), (120.0, 90.0), (45.0,)), max_active=16)
    for _ in range(1000):
        yield dag, 6 * HOUR, True


def _midnight(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    for index in range(500):
        yield make_dag(f"daily_{index}", rng), HOUR, True


def _long_tasks(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    for index in range(60):
        yield make_dag(f"long_{index}", rng, math.log(2400), 0.8), rng.randrange(0, 20) * HOUR, True
    yield from events(rng, 20, 15)


def _sensors(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    """A sensor looks once a minute for two seconds; one DAG in three has a task that is tried again after five minutes."""
    for dag, at, known in scheduled(rng, 100):
        looks = 1 + int(rng.expovariate(1 / 8))
        levels = ((2.0,),) * looks + dag.levels
        pauses = (0.0,) + (MINUTE,) * (looks - 1) + (0.0,) * len(dag.levels)
        if rng.random() < 1 / 3:
            levels += (dag.levels[-1][:1],)
            pauses += (5 * MINUTE,)
        yield Dag(f"{dag.dag_id}_{looks}", levels, pauses), at, known


def _from_zero(rng: random.Random) -> Iterator[tuple[Dag, float, bool]]:
    wide = Dag("wide", (tuple(rng.uniform(20, 60) for _ in range(20)), (30.0,)))
    for hour in range(0, 24, 2):
        yield wide, hour * HOUR + HOUR / 2, True
    yield from events(rng, 10, 1.5)


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("cron-heavy", "130 DAGs on schedules at round times, one run in ten by people", _cron_heavy),
        Family("mixed", "80 DAGs on schedules; events in bursts of three and people for a third of the runs", _mixed),
        Family("event-driven", "events in bursts of four, and people; few schedules", _event_driven),
        Family("hashed", "cron-heavy with schedules spread over their periods", _hashed),
        Family("backfill", "1,000 runs of one DAG at six, 16 at a time, beside 40 schedules", _backfill),
        Family("midnight", "500 daily DAGs, all at one o'clock", _midnight),
        Family("long tasks", "60 DAGs with tasks of 40 minutes and more, and people", _long_tasks),
        Family("sensors", "sensors that look once a minute, and retries after five", _sensors),
        Family("from zero", "20 tasks every two hours, and now and then an event; nothing between", _from_zero),
    )
}
