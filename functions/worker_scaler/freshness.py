"""What an observation is worth by its age."""

from __future__ import annotations

from dataclasses import replace

from control_plane.worker_scaling.workload import Workload

FRESH_SECONDS = 90.0
"""`workload_metrics` looks at least each minute."""
USEFUL_SECONDS = 300.0


def worth(workload: Workload | None, now: float) -> Workload | None:
    """A young one as it is; an older one to grow by, not to shrink; none when it is too old to say anything."""
    if workload is None:
        return None
    age = now - workload.observed_at
    if age <= FRESH_SECONDS:
        return workload
    return replace(workload, is_complete=False) if age <= USEFUL_SECONDS else None
