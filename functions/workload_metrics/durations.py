"""How long tasks take, as learnt from their past, and what is left of one that runs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

UNKNOWN_SECONDS = 30.0
"""Of a task where nothing at all was learnt."""
RESUMED_SECONDS = 5.0
"""How long a task that was deferred holds its slot when its trigger has fired: it mostly returns what was awaited."""
OVERDUE_GROWTH = 0.25
"""What is left of a task, as a share of its age, when it runs longer than usual.

Durations have a heavy tail: the longer a task has run, the longer it will still run.
"""
SHORTEST_SECONDS = 0.5


@dataclass(frozen=True)
class Learnt:
    """Of one task."""

    seconds: float
    """Median of what its instances took lately."""
    width: float = 1.0
    """Instances that ran in each run, on average: more than 1 of a mapped task, less of one that is often skipped."""


@dataclass(frozen=True)
class Durations:
    """Of all tasks: by DAG, then task."""

    by_dag: Mapping[str, Mapping[str, Learnt]] = field(default_factory=dict)

    def seconds(self, dag_id: str, task_id: str) -> float:
        """Of the task; else the median of its DAG's tasks, else of all, else `UNKNOWN_SECONDS`."""
        learnt = self.by_dag.get(dag_id, {}).get(task_id)
        usual = self._usual.get(dag_id, self._usual_overall) if learnt is None else learnt.seconds
        return max(SHORTEST_SECONDS, usual)

    def is_known(self, dag_id: str, task_id: str) -> bool:
        """Whether the task itself ran before."""
        return task_id in self.by_dag.get(dag_id, {})

    def width(self, dag_id: str, task_id: str) -> int:
        """How many instances of the task to expect in a run: 1 unless its past says otherwise; 0 if it is mostly skipped."""
        learnt = self.by_dag.get(dag_id, {}).get(task_id)
        return 1 if learnt is None else int(learnt.width + 0.5)

    @cached_property
    def _usual(self) -> dict[str, float]:
        return {dag_id: median(each.seconds for each in tasks.values()) for dag_id, tasks in self.by_dag.items()}

    @cached_property
    def _usual_overall(self) -> float:
        seconds = [each.seconds for tasks in self.by_dag.values() for each in tasks.values()]
        return median(seconds) if seconds else UNKNOWN_SECONDS


def learnt_from(rows: Iterable[tuple[str, str, float, float]]) -> Durations:
    """From rows of dag_id, task_id, median seconds and mean instances a run."""
    by_dag: dict[str, dict[str, Learnt]] = {}
    for dag_id, task_id, seconds, width in rows:
        by_dag.setdefault(dag_id, {})[task_id] = Learnt(float(f"{seconds:.3g}"), float(f"{width:.3g}"))
    return Durations(by_dag)


def residual_seconds(usual_seconds: float, age_seconds: float) -> float:
    """How much longer a task will run that has run for `age_seconds`. Overdue, its residual grows with its age."""
    return max(SHORTEST_SECONDS, usual_seconds - age_seconds, age_seconds * OVERDUE_GROWTH)


def encode(durations: Durations, chunk_bytes: int = 350_000) -> list[bytes]:
    """Compressed, in pieces of at most `chunk_bytes`: an item of DynamoDB holds 400 KB."""
    compact = {
        dag_id: {
            task_id: [each.seconds] if each.width == 1.0 else [each.seconds, each.width]
            for task_id, each in tasks.items()
        }
        for dag_id, tasks in durations.by_dag.items()
    }
    data = zlib.compress(json.dumps(compact, separators=(",", ":")).encode(), 9)
    return [data[start : start + chunk_bytes] for start in range(0, len(data), chunk_bytes)]


def decode(chunks: Sequence[bytes]) -> Durations:
    """What `encode` was given. Raises `ValueError` when it is not all there."""
    try:
        compact = json.loads(zlib.decompress(b"".join(chunks)))
    except (zlib.error, ValueError) as error:
        raise ValueError(f"the learnt durations cannot be read: {error}") from error
    return Durations(
        {dag_id: {task_id: Learnt(*each) for task_id, each in tasks.items()} for dag_id, tasks in compact.items()}
    )
