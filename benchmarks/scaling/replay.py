"""`make replay`: an Airflow's past runs under each scaling policy, and how far each is from what is possible."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.scaling.bounds import zero_wait_bound_with_starts
from benchmarks.scaling.cluster import Cluster
from benchmarks.scaling.farflow import Farflow
from benchmarks.scaling.history import HistoryError, read_history
from benchmarks.scaling.outcome import Outcome, outcome_of
from benchmarks.scaling.plumbing import COLD_STARTS, DOLLARS_PER_HOUR, Plumbing, cold_starts_around
from benchmarks.scaling.profile import zero_wait_profile
from benchmarks.scaling.references import references
from benchmarks.scaling.runs import Day
from control_plane.worker_scaling.policy import PRESETS
from local import layout

DEFAULT_HISTORY = layout.ROOT / "build" / "history.jsonl"
ROWS = layout.ROOT / "build" / "replay.json"
PICTURE = layout.ROOT / "build" / "replay.svg"
USUAL = (
    *PRESETS,
    "KEDA, Airflow's chart",
    "MWAA",
    "hankehly",
    "NASA SM2A",
    "ECS target tracking",
    "NASA SM2A + zero-kill",
    "MWAA + zero-kill",
    "DELAYEDOFF at 300 s",
    "fixed at peak",
)
"""Played when POLICIES does not say which."""
DEFAULT_CONCURRENCY = 4
MOST_CONCURRENCY = 64
MOST_WORKERS = 1000
"""These three as template.yaml has them for WorkerConcurrency and WorkerMaximum."""
MOST_SEED = 10**9
MOST_PROCESSES = 1024
DIGITS = 18
"""More are no number that any option may have, and Python refuses to read too many."""
BOUND = "zero_wait_with_starts"
PRICE = (
    f"$: each rule's worker-hours at ${DOLLARS_PER_HOUR:.3f}, Fargate's price for 1 vCPU and 4 GB on x86 in us-east-1:"
    " not what MWAA, Astronomer or another service charges for it"
)


class OptionError(ValueError):
    """A variable of the command is not as it should be."""


@dataclass(frozen=True)
class Options:
    """What the command was told."""

    history: Path
    policies: Sequence[str]
    seed: int
    setting: Plumbing
    processes: int


type Draw = Callable[[Mapping[str, Outcome], float, Path], None]
"""Draws the outcomes by policy, and the bound in worker-hours, into a file."""


def main(draw: Draw) -> int:
    """Play what the environment says; the exit code. A run that fails leaves no result, an earlier one's neither."""
    for former in (ROWS, PICTURE):
        former.unlink(missing_ok=True)
    try:
        options = read_options(os.environ)
        day = read_history(options.history)
    except (HistoryError, OptionError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    print(header(day, options))
    outcomes = replay(day, options)
    bound = bound_hours(day, options.setting)
    ROWS.parent.mkdir(parents=True, exist_ok=True)
    ROWS.write_text(json.dumps(rows(outcomes, bound, made_of(day, options)), indent=1) + "\n")
    print(table(outcomes, bound))
    print(PRICE)
    for line in unfinished(outcomes):
        print(line)
    draw(outcomes, bound, PICTURE)
    print(f"{ROWS.relative_to(layout.ROOT)}, {PICTURE.relative_to(layout.ROOT)}")
    return 0


def read_options(environ: Mapping[str, str]) -> Options:
    """Raises `OptionError`."""
    known = [*PRESETS, *references()]
    text = environ.get("POLICIES", "")
    policies = _named(text, known) if text else list(USUAL)
    return Options(
        Path(environ.get("HISTORY") or DEFAULT_HISTORY),
        policies,
        _whole(environ, "SEED", 0, 0, MOST_SEED),
        Plumbing(
            concurrency=_whole(environ, "CONCURRENCY", DEFAULT_CONCURRENCY, 1, MOST_CONCURRENCY),
            maximum=_whole(environ, "MAXIMUM", Plumbing.maximum, 1, MOST_WORKERS),
            cold_starts=_cold_starts(environ.get("COLD_START", "")),
        ),
        _whole(environ, "PROCESSES", os.cpu_count() or 1, 1, MOST_PROCESSES),
    )


def _named(text: str, known: Sequence[str]) -> list[str]:
    """Policies by name, apart by commas or semicolons; `all` for all. Some names hold a comma."""
    if text.strip() == "all":
        return list(known)
    found, rest = [], text.strip()
    while rest:
        name = max((each for each in known if _begins(rest, each)), key=len, default=None)
        if name is None:
            raise OptionError(f"POLICIES: {rest!r} begins with none of: {'; '.join(known)}")
        found.append(name)
        rest = rest[len(name) :].lstrip(" ,;")
    return list(dict.fromkeys(found))


def _begins(text: str, name: str) -> bool:
    return text.startswith(name) and text[len(name) :].lstrip()[:1] in ("", ",", ";")


def _whole(environ: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = environ.get(name) or str(usual)
    if not text.isdecimal() or len(text) > DIGITS or not least <= int(text) <= most:
        raise OptionError(f"{name}={text}: it must be a whole number from {least} to {most}")
    return int(text)


def _cold_starts(text: str) -> Sequence[float]:
    if not text:
        return COLD_STARTS
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds <= 900:
        raise OptionError(f"COLD_START={text}: it must be a median of 1 to 900 seconds")
    return cold_starts_around(seconds)


# ---- Playing ------------------------------------------------------------------------------------------


def replay(day: Day, options: Options) -> dict[str, Outcome]:
    """By policy. The same history, seed and options give the same outcome."""
    if len(options.policies) == 1:
        return {options.policies[0]: play(day, options.policies[0], options)}
    with ProcessPoolExecutor(options.processes) as pool:
        played = {name: pool.submit(play, day, name, options) for name in options.policies}
        return {name: future.result() for name, future in played.items()}


def play(day: Day, policy: str, options: Options) -> Outcome:
    cluster = Cluster(day, options.setting, options.seed)
    if policy in PRESETS:
        Farflow(cluster, PRESETS[policy])
    else:
        references()[policy](cluster)
    cluster.play()
    return outcome_of(cluster)


def bound_hours(day: Day, setting: Plumbing) -> float:
    profile = zero_wait_profile(day.runs)
    return zero_wait_bound_with_starts(profile, setting.concurrency, setting.cold_start) / 3600


# ---- Telling ------------------------------------------------------------------------------------------


def header(day: Day, options: Options) -> str:
    made = made_of(day, options)
    return (
        f"{made['runs']:,} runs, {made['tasks']:,} tasks, {made['hours']:.1f} hours; seed {made['seed']}, concurrency"
        f" {made['concurrency']}, cold start {made['cold_start']:g} s, at most {made['maximum']} worker{'s' if made['maximum'] > 1 else ''}"
    )


def made_of(day: Day, options: Options) -> dict[str, Any]:
    """What gives the same figures again."""
    setting = options.setting
    return {
        "history": options.history.name,
        "runs": len(day.runs),
        "tasks": sum(len(level) for run in day.runs for level in run.levels),
        "hours": round(day.seconds / 3600, 3),
        "seed": options.seed,
        "concurrency": setting.concurrency,
        "cold_start": round(setting.median_cold_start, 3),
        "maximum": setting.maximum,
        "parallelism": setting.parallelism,
        "dollars_per_worker_hour": round(DOLLARS_PER_HOUR, 5),
    }


def rows(outcomes: Mapping[str, Outcome], bound: float, made: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One for each policy, and the bound's, which also says what all are made of: so each row is of either kind."""
    found: list[dict[str, Any]] = [
        {
            "policy": name,
            "worker_hours": round(each.worker_hours, 3),
            "dollars": round(each.dollars, 4),
            "p50": round(each.p50, 2),
            "p95": round(each.p95, 2),
            "p99": round(each.p99, 2),
            "max": round(each.max, 2),
            "killed": each.killed,
            "starts": each.starts,
            "most": each.most,
            "unfinished": each.unfinished,
        }
        for name, each in outcomes.items()
    ]
    return [*found, {"bound": BOUND, "worker_hours": round(bound, 3), "made_of": dict(made)}]


def table(outcomes: Mapping[str, Outcome], bound: float) -> str:
    """For a terminal."""
    width = max(len(name) for name in (*outcomes, "bound, no waiting"))
    header = f"{'':{width}}  worker-h  x bound        $     p50     p95     p99     max  killed  starts    most"
    lines = [header]
    for name, each in outcomes.items():
        ratio = f"{each.worker_hours / bound:.2f}" if bound else "-"
        lines.append(
            f"{name:{width}}  {each.worker_hours:8.2f}  {ratio:>7}  {each.dollars:7.2f}  {each.p50:6.1f}  {each.p95:6.1f}"
            f"  {each.p99:6.1f}  {each.max:6.0f}  {each.killed:6}  {each.starts:6}  {each.most:6}"
        )
    lines.append(f"{'bound, no waiting':{width}}  {bound:8.2f}")
    return "\n".join(lines)


def unfinished(outcomes: Mapping[str, Outcome]) -> list[str]:
    """A line for each policy that was cut: its figures are too good."""
    return [
        f"{name}: {each.unfinished:,} run{'s' if each.unfinished > 1 else ''} had not ended two days after the last began;"
        " their hours from then on are missing, and so are their waits"
        for name, each in outcomes.items()
        if each.unfinished
    ]
