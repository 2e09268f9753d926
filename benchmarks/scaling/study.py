"""Which policies play which days, in as many processes as there are cores, and what their outcomes say together."""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache

from benchmarks.scaling import bounds
from benchmarks.scaling.cluster import Cluster
from benchmarks.scaling.families import FAMILIES, NOISE
from benchmarks.scaling.farflow import Farflow, Trouble
from benchmarks.scaling.foresight import Forecast
from benchmarks.scaling.outcome import Outcome, outcome_of
from benchmarks.scaling.plumbing import Plumbing
from benchmarks.scaling.profile import zero_wait_profile
from benchmarks.scaling.references import Tuning, references, tuned
from benchmarks.scaling.runs import Day
from control_plane.worker_scaling.policy import PRESETS, Preset

TRAINING_SEEDS = range(1000, 1004)
"""What presets and the tuned rule were chosen on; never reported."""
UNSEEN_SEEDS = range(20)
QUICK_SEEDS = range(100, 102)
BOOTSTRAPS = 2000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Scenario:
    """What a policy is played on, besides the seed."""

    family: str
    setting: Plumbing = field(default_factory=Plumbing)
    noise: float = NOISE
    forecast: Forecast = field(default_factory=Forecast)
    trouble: Trouble = field(default_factory=Trouble)


@dataclass(frozen=True)
class Entrant:
    """A policy by name: a preset of Farflow's, maybe with a part taken out, or a reference."""

    name: str
    preset: Preset | None = None
    without: str = ""
    tuning: Tuning | None = None

    def enter(self, cluster: Cluster, scenario: Scenario) -> None:
        if self.preset is not None:
            forecast = scenario.forecast
            if self.without == "look-ahead":
                forecast = replace(forecast, knows_schedule=False, knows_next_levels=False)
            Farflow(cluster, self.preset, forecast, scenario.trouble, packs=self.without != "packing")
        elif self.tuning is not None:
            tuned(self.tuning)(cluster)
        else:
            references()[self.name](cluster)


@dataclass(frozen=True)
class Played:
    """One entrant's day."""

    scenario: Scenario
    entrant: str
    seed: int
    outcome: Outcome


@dataclass(frozen=True)
class Bounds:
    """Worker-hours of one day; see `bounds` for what each means."""

    work: float
    zero_wait: float
    zero_wait_with_starts: float
    waiting_20: float
    first_fit: float


def farflow_name(preset: str) -> str:
    return f"Farflow {preset}"


def farflows() -> list[Entrant]:
    return [Entrant(farflow_name(name), preset) for name, preset in PRESETS.items()]


def ablations() -> list[Entrant]:
    """One part less each. Economy holds nobody, so it is fast without its hold that shows what a hold gives."""
    whole = PRESETS["economy"]
    name = farflow_name("economy")
    return [
        Entrant(f"{name} - look-ahead", whole, "look-ahead"),
        Entrant(f"{name} - packing", whole, "packing"),
        Entrant(f"{name} - margin", replace(whole, margin=0.0)),
        Entrant(f"{farflow_name('fast')} - hold", replace(PRESETS["fast"], hold_seconds=0.0)),
    ]


def others() -> list[Entrant]:
    return [Entrant(name) for name in references()]


@lru_cache(maxsize=4)
def day_of(family: str, seed: int, noise: float) -> Day:
    """Kept, since many policies play it."""
    return FAMILIES[family].day(seed, noise)


def play(scenario: Scenario, entrant: Entrant, seed: int) -> Played:
    """One day of the family with this seed. The same arguments give the same outcome."""
    day = day_of(scenario.family, seed, scenario.noise)
    cluster = Cluster(day, scenario.setting, seed)
    entrant.enter(cluster, scenario)
    cluster.play()
    return Played(scenario, entrant.name, seed, outcome_of(cluster))


def bounds_of(scenario: Scenario, seed: int) -> Bounds:
    day = FAMILIES[scenario.family].day(seed, scenario.noise)
    c, start = scenario.setting.concurrency, scenario.setting.cold_start
    profile = zero_wait_profile(day.runs)
    seconds = (
        bounds.work_bound(day.runs, c),
        bounds.zero_wait_bound(profile, c),
        bounds.zero_wait_bound_with_starts(profile, c, start),
        bounds.waiting_bound(day.runs, c, 20.0),
        bounds.first_fit(day.runs, c, start),
    )
    return Bounds(*(each / 3600 for each in seconds))


def _say_nothing(done: int, of: int) -> None:
    pass


def play_all(
    parts: Iterable[tuple[Scenario, Entrant, int]], say: Callable[[int, int], None] = _say_nothing
) -> list[Played]:
    """In processes; `say` is told how many of how many are done."""
    todo = list(parts)
    done = []
    with ProcessPoolExecutor(processes()) as pool:
        for played in pool.map(_play, todo, chunksize=8):
            done.append(played)
            say(len(done), len(todo))
    return done


def processes() -> int:
    return int(os.environ.get("PROCESSES") or os.cpu_count() or 1)


def _play(part: tuple[Scenario, Entrant, int]) -> Played:
    return play(*part)


def search_tuning(family: str, wait: float) -> Tuning:
    """On the training seeds, the cheapest rule of r + q whose p95 is not above `wait`; else the one that waits least."""
    grid = [
        Tuning(fill, spare, hold) for fill in (0.5, 0.75, 1.0) for spare in (0, 1, 3) for hold in (0.0, 60.0, 300.0)
    ]
    parts = [
        (Scenario(family), Entrant(str(number), tuning=tuning), seed)
        for number, tuning in enumerate(grid)
        for seed in TRAINING_SEEDS[:2]
    ]
    found: dict[str, list[Outcome]] = {}
    for played in play_all(parts):
        found.setdefault(played.entrant, []).append(played.outcome)
    scores = [
        (max(0.0, mean([each.p95 for each in outcomes]) - wait), mean([each.worker_hours for each in outcomes]), int(n))
        for n, outcomes in found.items()
    ]
    return grid[min(scores)[2]]


def mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Of the mean, by bootstrap. Values of pairs (one policy against another on the same days) give a paired one."""
    rng = random.Random(1)
    means = sorted(mean(rng.choices(values, k=len(values))) for _ in range(BOOTSTRAPS))
    cut = int((1 - CONFIDENCE) / 2 * BOOTSTRAPS)
    return means[cut], means[-1 - cut]
