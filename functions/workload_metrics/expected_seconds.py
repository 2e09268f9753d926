"""How long each task is expected to take: as it was learnt, and of a task that is new, as it shows itself."""

from __future__ import annotations

from .durations import SHORTEST_SECONDS, Durations, residual_seconds
from .observation import Observation

RAN = frozenset({"success", "failed"})


class ExpectedSeconds:
    """What a task takes: its learnt duration, if it has one.

    Else the mean of its instances that ended in runs that go on, and of those that run for longer than these took: the
    first to end are the shortest. While none has ended, at least what is usual: for a new DAG of long tasks workers must
    come before the first of them ends.
    """

    def __init__(self, durations: Durations, seen: Observation) -> None:
        self._durations = durations
        self._of_ended = _Means()
        self._shown = _Means()
        for each in seen.progress:
            if each.state in RAN and each.timed:
                self._of_ended.add(each.dag_id, each.task_id, each.seconds, each.timed)
                self._shown.add(each.dag_id, each.task_id, each.seconds, each.timed)
        for one in seen.instances:
            if one.state != "running" or one.since is None or one.is_resumed:
                continue  # of what was deferred it is not known how long it ran
            age = seen.at - one.since
            if age > self._of_ended.get(one.dag_id, one.task_id, 0.0):
                whole = age + residual_seconds(0.0, age)
                self._shown.add(one.dag_id, one.task_id, whole * one.count, one.count)

    def __call__(self, dag_id: str, task_id: str) -> float:
        """Of one task, in seconds."""
        usual = self._durations.seconds(dag_id, task_id)
        if self._durations.is_known(dag_id, task_id):
            return usual
        least = self._of_ended.get(dag_id, task_id, usual)
        return max(SHORTEST_SECONDS, least, self._shown.get(dag_id, task_id, 0.0))


class _Means:
    """Mean seconds of each task's instances."""

    def __init__(self) -> None:
        self._totals: dict[tuple[str, str], tuple[float, int]] = {}

    def add(self, dag_id: str, task_id: str, seconds: float, count: int) -> None:
        """So many instances that took so many seconds together."""
        total, number = self._totals.get((dag_id, task_id), (0.0, 0))
        self._totals[dag_id, task_id] = total + seconds, number + count

    def get(self, dag_id: str, task_id: str, otherwise: float) -> float:
        total, number = self._totals.get((dag_id, task_id), (otherwise, 1))
        return total / number
