"""Past DAG runs from a file of JSON lines, as `make export-history` writes them.

A line: `{"dag_id": str, "run_after": seconds, "known": bool, "levels": [[task seconds, ...], ...]}`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from benchmarks.scaling.runs import Day, Levels, Run

FIELDS = ("dag_id", "run_after", "known", "levels")
LONGEST_DAYS = 400.0
"""Between the first and the last run; more is a mix of units, such as seconds and milliseconds."""

HOW_TO_MAKE = "`make export-history` writes such a file, docs/replay.md describes it"

LEAD_IN = 300.0
"""Seconds before the first minute, in which what the schedule announces can be foreseen."""


class HistoryError(ValueError):
    """The file is not as it should be; the message names line and field."""


def read_history(path: Path) -> Day:
    """The runs, a few minutes after the beginning. Raises `HistoryError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise HistoryError(f"{path} cannot be read: {error.strerror}; {HOW_TO_MAKE}") from None
    except UnicodeDecodeError:
        raise HistoryError(f"{path} is no UTF-8 text") from None
    runs = [_run(line, f"{path}, line {number}") for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not runs:
        raise HistoryError(f"{path} holds no run; {HOW_TO_MAKE}")
    return to_day(runs)


def to_day(runs: list[Run]) -> Day:
    """Sorted, and on a clock that begins at zero, at a full minute: schedulers and minutes stay in step.

    Sorted by all that a run is, so that the order of the lines cannot change what is drawn for it.
    """
    runs = sorted(runs, key=lambda run: (run.run_after, run.dag_id, run.known, run.levels))
    first = math.floor(runs[0].run_after / 60) * 60 - LEAD_IN
    last = runs[-1].run_after - first
    if last > LONGEST_DAYS * 86400:
        raise HistoryError(
            f"field run_after: {last / 86400:,.0f} days from the first to the last run; is it in seconds?"
        )
    moved = [Run(run.dag_id, run.run_after - first, run.known, run.levels) for run in runs]
    return Day(moved, last)


def _run(line: str, where: str) -> Run:
    try:
        content = json.loads(line)
    except ValueError as error:
        raise HistoryError(f"{where}: no JSON ({error})") from None
    except RecursionError:
        raise HistoryError(f"{where}: no JSON of a run, but lists in lists without end") from None
    if not isinstance(content, dict):
        raise HistoryError(f"{where}: not an object with {', '.join(FIELDS)}")
    for name in FIELDS:
        if name not in content:
            raise HistoryError(f"{where}: field {name} is missing")
    dag_id, known = content["dag_id"], content["known"]
    if not isinstance(dag_id, str) or not dag_id:
        raise HistoryError(f"{where}: field dag_id is {_short(dag_id)}, not a name")
    if not isinstance(known, bool):
        raise HistoryError(f"{where}: field known is {_short(known)}, not true or false")
    run_after = _number(content["run_after"])
    if run_after is None:
        raise HistoryError(f"{where}: field run_after is {_short(content['run_after'])}, not a number of seconds")
    return Run(dag_id, run_after, known, _levels(content["levels"], where))


def _levels(raw: Any, where: str) -> Levels:
    if not isinstance(raw, list) or not raw:
        raise HistoryError(f"{where}: field levels is {_short(raw)}, not a list of lists of seconds")
    levels = []
    for number, level in enumerate(raw, 1):
        if not isinstance(level, list) or not level:
            raise HistoryError(f"{where}: field levels: level {number} is {_short(level)}, not a list of seconds")
        tasks = []
        for each in level:
            seconds = _number(each)
            if seconds is None or seconds < 0:
                raise HistoryError(f"{where}: field levels: level {number} holds {_short(each)}, not seconds")
            tasks.append(seconds)
        levels.append(tuple(tasks))
    return tuple(levels)


def _number(raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    try:
        number = float(raw)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _short(raw: Any) -> str:
    try:
        text = json.dumps(raw)
    except RecursionError:  # what could just be read may be too deep to be written
        return "lists in lists without end"
    return text if len(text) <= 40 else text[:37] + "..."
