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

from benchmarks.scaling.bounds import zero_wait_bound_with_starts
from benchmarks.scaling.cluster import Cluster
from benchmarks.scaling.farflow import Farflow
from benchmarks.scaling.history import HistoryError, read_history
from benchmarks.scaling.outcome import Outcome, outcome_of
from benchmarks.scaling.plumbing import COLD_STARTS, Plumbing, cold_starts_around
from benchmarks.scaling.profile import zero_wait_profile
from benchmarks.scaling.references import references
from benchmarks.scaling.runs import Day
from benchmarks.scaling.study import processes
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
BOUND = "zero_wait_with_starts"


class OptionError(ValueError):
    """A variable of the command is not as it should be."""


@dataclass(frozen=True)
class Options:
    """What the command was told."""

    history: Path
    policies: Sequence[str]
    seed: int
    setting: Plumbing


type Draw = Callable[[Mapping[str, Outcome], float, Path], None]
"""Draws the outcomes by policy, and the bound in worker-hours, into a file."""


def main(draw: Draw) -> int:
    """Play what the environment says; the exit code."""
    try:
        options = read_options(os.environ)
        day = read_history(options.history)
    except (HistoryError, OptionError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    tasks = sum(len(level) for run in day.runs for level in run.levels)
    print(
        f"{len(day.runs):,} runs, {tasks:,} tasks, {day.seconds / 3600:.1f} hours, concurrency {options.setting.concurrency}"
    )
    outcomes = replay(day, options)
    bound = bound_hours(day, options.setting)
    ROWS.parent.mkdir(parents=True, exist_ok=True)
    ROWS.write_text(json.dumps(rows(outcomes, bound), indent=1) + "\n")
    print(table(outcomes, bound))
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
        _whole(environ, "SEED", 0, 0),
        Plumbing(
            concurrency=_whole(environ, "CONCURRENCY", 8, 1), cold_starts=_cold_starts(environ.get("COLD_START", ""))
        ),
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


def _whole(environ: Mapping[str, str], name: str, usual: int, least: int) -> int:
    text = environ.get(name) or str(usual)
    if not text.isdecimal() or int(text) < least:
        raise OptionError(f"{name}={text}: it must be a whole number, {least} or more")
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
    with ProcessPoolExecutor(processes()) as pool:
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


def rows(outcomes: Mapping[str, Outcome], bound: float) -> list[dict[str, str | float]]:
    found: list[dict[str, str | float]] = [
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
        }
        for name, each in outcomes.items()
    ]
    return [*found, {"bound": BOUND, "worker_hours": round(bound, 3)}]


def table(outcomes: Mapping[str, Outcome], bound: float) -> str:
    """For a terminal."""
    width = max(len(name) for name in (*outcomes, "bound, no waiting"))
    header = f"{'':{width}}  worker-h  x bound        $     p50     p95     p99     max  killed  starts"
    lines = [header]
    for name, each in outcomes.items():
        ratio = f"{each.worker_hours / bound:.2f}" if bound else "-"
        lines.append(
            f"{name:{width}}  {each.worker_hours:8.2f}  {ratio:>7}  {each.dollars:7.2f}  {each.p50:6.1f}  {each.p95:6.1f}"
            f"  {each.p99:6.1f}  {each.max:6.0f}  {each.killed:6}  {each.starts:6}"
        )
    lines.append(f"{'bound, no waiting':{width}}  {bound:8.2f}")
    return "\n".join(lines)
