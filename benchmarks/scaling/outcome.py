"""What a simulated day gave."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.scaling.cluster import Cluster
from benchmarks.scaling.plumbing import DOLLARS_PER_HOUR


@dataclass(frozen=True)
class Outcome:
    """Of one policy on one day. Waits are seconds from the moment when nothing but a slot is missing until the task runs."""

    worker_hours: float
    p50: float
    p95: float
    p99: float
    max: float
    root_p95: float
    successor_p95: float
    unknown_p95: float
    """Of runs that no schedule announced."""
    killed: int
    starts: int
    most: int
    """Workers at the same time, those that start or drain too."""
    queued_too_long: int
    unfinished: int
    """Runs that had not ended two days after the last began."""
    makespan: float
    """Of a DAG run, the mean."""
    worker_hours_worked: float
    """What the tasks took, divided by the slots of a worker."""

    @property
    def dollars(self) -> float:
        return self.worker_hours * DOLLARS_PER_HOUR

    def figures(self) -> dict[str, float]:
        return {**asdict(self), "dollars": self.dollars}


def outcome_of(cluster: Cluster) -> Outcome:
    """After it was played."""
    waits = sorted(seconds for seconds, _, _ in cluster.waits)
    return Outcome(
        worker_hours=cluster.billed_seconds() / 3600,
        p50=quantile(waits, 0.5),
        p95=quantile(waits, 0.95),
        p99=quantile(waits, 0.99),
        max=waits[-1] if waits else 0.0,
        root_p95=quantile(sorted(each for each, is_root, _ in cluster.waits if is_root), 0.95),
        successor_p95=quantile(sorted(each for each, is_root, _ in cluster.waits if not is_root), 0.95),
        unknown_p95=quantile(sorted(each for each, _, known in cluster.waits if not known), 0.95),
        killed=cluster.killed,
        starts=cluster.starts,
        most=cluster.most_at_once,
        queued_too_long=cluster.queued_too_long,
        unfinished=cluster.runs_left,
        makespan=sum(cluster.makespans) / max(1, len(cluster.makespans)),
        worker_hours_worked=cluster.worked_seconds / cluster.setting.concurrency / 3600,
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the sorted values that so many do not exceed; 0 without values."""
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else 0.0
