"""How long each task is expected to take: as it was learnt, and of a task that is new, as it shows itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .durations import SHORTEST_SECONDS, Durations, residual_seconds
from .observation import Observation

RAN = frozenset({"success", "failed"})

type TaskKey = tuple[str, str]
"""DAG id and task id."""


class ExpectedSeconds:
    """What a task takes: the first of these that is known.

    - its learnt duration;
    - the mean of its instances that ended in runs that go on;
    - the longer of what is usual, and of what those that run now are expected to have taken: for a new DAG of long tasks
      workers must come before the first of them ends.
    """

    def __init__(self, durations: Durations, seen: Observation) -> None:
        self._durations = durations
        self._of_ended = _means(
            ((each.dag_id, each.task_id), each.seconds, each.count)
            for each in seen.progress
            if each.state in RAN and each.seconds is not None
        )
        self._of_running = _means(
            ((each.dag_id, each.task_id), _by_its_age(seen.at - each.since), each.count)
            for each in seen.instances
            if each.state == "running" and each.since is not None
        )

    def __call__(self, dag_id: str, task_id: str) -> float:
        """Of one task, in seconds."""
        task = dag_id, task_id
        usual = self._durations.seconds(dag_id, task_id)
        if self._durations.is_known(dag_id, task_id):
            return usual
        if task in self._of_ended:
            return max(SHORTEST_SECONDS, self._of_ended[task])
        return max(usual, self._of_running.get(task, usual))


def _by_its_age(age: float) -> float:
    """What a task takes of which nothing is known but that it has run for so long."""
    return max(0.0, age) + residual_seconds(0.0, max(0.0, age))


def _means(shown: Iterable[tuple[TaskKey, float, int]]) -> Mapping[TaskKey, float]:
    """Of so many instances each that took so many seconds."""
    totals: dict[TaskKey, tuple[float, int]] = {}
    for task, seconds, count in shown:
        total, number = totals.get(task, (0.0, 0))
        totals[task] = total + seconds * count, number + count
    return {task: total / number for task, (total, number) in totals.items()}
