"""What is varied on the mixed days: the platform, and what goes wrong."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.scaling.farflow import Trouble
from benchmarks.scaling.foresight import Forecast
from benchmarks.scaling.plumbing import Plumbing, cold_starts_around
from benchmarks.scaling.study import Scenario

FAMILY = "mixed"
NOON = 12 * 3600.0

SETTINGS: Sequence[tuple[str, Scenario]] = (
    *(
        (f"cold start {seconds} s", Scenario(FAMILY, Plumbing(cold_starts=cold_starts_around(seconds))))
        for seconds in (30, 60, 90, 120)
    ),
    *((f"{slots} slots a worker", Scenario(FAMILY, Plumbing(concurrency=slots))) for slots in (4, 16)),
    *((f"noise {sigma:g}", Scenario(FAMILY, noise=sigma)) for sigma in (0.0, 0.6, 1.0)),
)
"""For everybody."""

TROUBLES: Sequence[tuple[str, Scenario]] = (
    ("nothing is known of the past", Scenario(FAMILY, forecast=Forecast(knows_past=False))),
    ("no schedule is known", Scenario(FAMILY, forecast=Forecast(knows_schedule=False))),
    ("durations taken for half", Scenario(FAMILY, forecast=Forecast(duration_factor=0.5))),
    ("durations taken for double", Scenario(FAMILY, forecast=Forecast(duration_factor=2.0))),
    ("schedule foreseen 30 s late", Scenario(FAMILY, forecast=Forecast(clock_skew_seconds=30.0))),
    ("a third of the looks is lost", Scenario(FAMILY, trouble=Trouble(lost_ticks=1 / 3))),
    ("no database for an hour at noon", Scenario(FAMILY, trouble=Trouble(outage=(NOON, NOON + 3600.0)))),
)
"""For Farflow alone: the others do not forecast."""
