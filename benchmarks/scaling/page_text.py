"""The words around the tables of docs/benchmarks/scaling.md."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.scaling import page
from benchmarks.scaling.families import FAMILIES
from benchmarks.scaling.page import MAIN, Results
from benchmarks.scaling.study import TRAINING_SEEDS, Entrant, Scenario, ablations
from benchmarks.scaling.sweeps import SETTINGS, TROUBLES
from control_plane.worker_scaling.policy import PRESETS

SOURCES = """
What the references are, and where their rules stand:

- **KEDA, Airflow's chart**: `ceil((running + queued) / concurrency)` each 5 s, cool-down 30 s, an HPA behind it, a StatefulSet with 600 s of grace;
  apache/airflow `chart/values.yaml`. **KEDA, SQS scaler**: five messages a worker, those in flight counted, 30 and 300 s; kedacore/keda. **Kubernetes HPA**: its
  defaults, on the same load. Cloud Composer publishes no formula; the HPA stands for it. On ECS all of them have the same cold start as Farflow.
- **MWAA 2023** and **MWAA**: AWS's user guide before and after 2024, and `amazon-mwaa-docker-images`. **Astronomer**: Private Cloud's rule, each 30 s.
- **hankehly**, **NASA SM2A**: the scripts and Terraform of their repositories. SM2A's own executor is taken as stopping idle hosts by chance only: its race
  between listing and stopping is left out, ECS picks whom it stops.
- **AWS SQS guide**: target tracking on backlog per task, for a minute of latency. **ECS target tracking**: 70 % of the slots in place of CPU. **ECS hourly predictive**: the same
  hour of the day before, 300 s early.
- **Deadline Cloud**: its idle timeout of 300 s, ten workers a minute; **DELAYEDOFF** (Gandhi et al.) at what a start costs, and at 300 s; **fixed**: who knew the day beforehand.
  They run neither Airflow nor ECS services; they show what a rule of that kind gives.
- **tuned r+q**: `ceil((r + q) / (c fill)) + spare` with a hold, searched on training seeds of the mixed days for the cheapest with about that p95.

The largest number of workers is 200 for all: the defaults of 5 and 10 would be the limit of any of these days.
**+ zero-kill** is the same rule, carried out by Farflow's protocol: whoever has the fewest tasks drains, can be called back, and ends when it is empty. That is more than these projects have, since it packs.
"""

MODEL = """
The simulator runs `decide` as it is deployed, on its own types. Modelled for everybody alike: Airflow's scheduler loop (1 s), what a look at the database or at a metric lags,
cold starts drawn from 65 to 83 s, ECS's launch rate, messages that any worker with a free slot and an open poll may get, prefetch 1, long polls of 20 s, the bill from launch to stop with
a minute at least ($0.058 an hour for 1 vCPU and 4 GB), `task_queued_timeout`, SIGTERM and SIGKILL, tasks that are killed and tried again, and messages that stay with a stopped worker's last poll.
Farflow looks each minute, each 10 s while there is work; alarms take 3 to 15 s, an order is heard within 5 s, a draining worker's last poll takes up to 20 s.
Forecasts know the schedule, the shape of DAGs, what runs, and the medians of earlier runs, learnt once an hour. Not how long a task will take, and nothing of events and people.
Queues of the M/M/k kind, where theory knows the waiting, are a test of the engine (`tests/unit/test_scaling_engine.py`).
"""

HONEST = """
- Everything is simulated, and the days are drawn, by parameters of published traces: no public trace of Airflow was found. `make replay` plays your own.
- Workers do not fail, and ECS always has room. The database's and Lambda's own load are not modelled.
- Bounds (2) to (4) take each task's release as it is when nothing waits. (3) lets tasks move between workers, so nobody reaches it without waiting; who waits may go below it.
- All but the three main families, what is varied, and what each part is for, stand on one day: enough for a direction.
- After a burst of work that nobody announced, the margin keeps workers for a quarter of an hour and more: `balanced` and `fast` cost several times the bound where there is next to nothing to do (*from zero*).
"""


def text(results: Results, swept: Sequence[Entrant], tuned: Sequence[Entrant], *, seeds: int, few: int) -> str:
    """All of it, in Markdown."""
    intro = (
        "`make bench-scaling` (a look, about five minutes) and `make bench-scaling FULL=1` play the deployed decision, and what others do,"
        f" on simulated days. Means over {seeds} days that no parameter was chosen on (the presets were, on seeds from {TRAINING_SEEDS[0]} on)."
        " *Wait*: from the moment when nothing but a slot is missing until a task runs."
    )
    parts = [
        intro,
        "![Worker-hours against waiting](scaling.svg)",
        "## The targets",
        page.targets(results),
        "## Where Farflow is not simply better",
        "Others that are not beaten in both by any preset: they wait less, for more hours, or take fewer hours, and wait more.",
        page.losing_cases(results),
        "## The bounds, and how near the presets are",
        "Worker-hours.",
        page.bounds_table(results),
        "## What each part is for",
        page.ablation_table(results),
    ]
    less = {each.name for each in ablations()}
    for family in MAIN:
        names = [name for name in results.entrants(Scenario(family)) if name not in less]
        parts += [
            f"## {family[0].upper()}{family[1:]}",
            f"{FAMILIES[family].says}. {seeds} days; differences are of the same days, with 95 % intervals by bootstrap.",
            page.family_table(results, family, names, with_intervals=True),
        ]
    for family in results.bounds:
        if family not in MAIN:
            parts += [
                f"## {family[0].upper()}{family[1:]}",
                f"{FAMILIES[family].says}. {few} day{'s' if few > 1 else ''}.",
                page.family_table(results, family, results.entrants(Scenario(family)), with_intervals=False),
            ]
    presets = "; ".join(
        f"{name}: slack {preset.slack_seconds:g} s, margin {preset.margin:g}, hold {preset.hold_seconds:g} s"
        for name, preset in PRESETS.items()
    )
    tunings = "; ".join(
        f"{each.name}: fill {each.tuning.fill:g}, spare {each.tuning.spare}, hold {each.tuning.hold:g} s"
        for each in tuned
        if each.tuning
    )
    parts += [
        "## What is varied",
        f"On the mixed days ({few} of them): worker-hours / p95 wait in seconds.",
        page.sweep_table(results, [*SETTINGS, *TROUBLES], swept),
        "## How",
        f"Presets: {presets}. {tunings}.",
        MODEL.strip(),
        SOURCES.strip(),
        "What is not fair, or not measured:",
        HONEST.strip(),
    ]
    return "\n\n".join(parts)
