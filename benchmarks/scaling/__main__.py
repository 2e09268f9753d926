"""`make bench-scaling`: the deployed scaling decision against what others do, on simulated days of Airflow on ECS.

FULL=1 plays the three main families on 20 unseen seeds; all else, also without it, on one or two.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from benchmarks import report
from benchmarks.report import Row
from benchmarks.scaling import page, page_text
from benchmarks.scaling.families import FAMILIES
from benchmarks.scaling.page import MAIN, Results
from benchmarks.scaling.study import (
    QUICK_SEEDS,
    UNSEEN_SEEDS,
    Entrant,
    Played,
    Scenario,
    ablations,
    bounds_of,
    farflows,
    others,
    play_all,
    search_tuning,
)
from benchmarks.scaling.sweeps import SETTINGS, TROUBLES

SWEPT = ("MWAA + zero-kill", "KEDA, Airflow's chart", "NASA SM2A + zero-kill")
SECONDARY_SEEDS = 1


def main() -> int:
    full = bool(os.environ.get("FULL"))
    began = time.monotonic()
    tuned = tuned_entrants()
    seeds = list(UNSEEN_SEEDS if full else QUICK_SEEDS)
    few = seeds[:SECONDARY_SEEDS]
    main_entrants = [*farflows(), *others(), *tuned]
    parts = [(Scenario(family), entrant, seed) for seed in seeds for family in MAIN for entrant in main_entrants]
    parts += [(Scenario(family), entrant, seed) for seed in few for family in MAIN for entrant in ablations()]
    rest = [family for family in FAMILIES if family not in MAIN]
    parts += [(Scenario(name), entrant, seed) for seed in few for name in rest for entrant in [*farflows(), *others()]]
    swept = swept_entrants()
    parts += [(scenario, entrant, seed) for seed in few for _, scenario in SETTINGS for entrant in swept]
    parts += [(scenario, entrant, seed) for seed in few for _, scenario in TROUBLES for entrant in farflows()]
    played = play_all(parts, say_progress)
    bounds = {name: [bounds_of(Scenario(name), seed) for seed in (seeds if name in MAIN else few)] for name in FAMILIES}
    results = Results(played, bounds)
    report.save("scaling", rows(played, results))
    if full or not (report.PAGES / "scaling.md").exists():
        page.draw(results)
        text = page_text.text(results, swept, [each for each in tuned if each.tuning], seeds=len(seeds), few=len(few))
        report.write_page("scaling", "Worker scaling, simulated", text)
    print(page.targets(results))
    print(f"{len(played)} days in {time.monotonic() - began:.0f} s: build/bench/scaling.json")
    return 0


def tuned_entrants() -> list[Entrant]:
    """The rule of r + q as well as it can be tuned on mixed days: for the p95 of each preset, about."""
    return [Entrant(f"tuned r+q for {wait:.0f} s", tuning=search_tuning("mixed", wait)) for wait in TUNED_FOR_P95]


TUNED_FOR_P95 = (25.0, 10.0)


def swept_entrants() -> list[Entrant]:
    return [*farflows(), *(each for each in others() if each.name in SWEPT)]


def rows(played: Sequence[Played], results: Results) -> list[Row]:
    """Means over the seeds, and the bounds."""
    found = []
    titles = {scenario: f"mixed, {title}" for title, scenario in (*SETTINGS, *TROUBLES)}
    for scenario in dict.fromkeys(each.scenario for each in played):
        work = titles.get(scenario, scenario.family)
        for name in results.entrants(scenario):
            found += [
                Row(work, name, figure, round(results.mean(scenario, name, figure), 3), UNITS.get(figure, "s"))
                for figure in played[0].outcome.figures()
            ]
    for family in results.bounds:
        found += [
            Row(family, "bound", name, round(results.bound(family, name), 3), "worker-hours")
            for name in ("work", "waiting_20", "zero_wait", "zero_wait_with_starts", "first_fit")
        ]
    return found


UNITS = {
    "worker_hours": "worker-hours",
    "worker_hours_worked": "worker-hours",
    "dollars": "$",
    "killed": "tasks",
    "starts": "workers",
    "queued_too_long": "tasks",
    "unfinished": "runs",
}


def say_progress(done: int, of: int) -> None:
    if done % max(1, of // 20) == 0:
        print(f"{done:>6} of {of} days", flush=True)


if __name__ == "__main__":
    sys.exit(main())
