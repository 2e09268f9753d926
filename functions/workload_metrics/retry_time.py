"""When Airflow tries a failed task instance again."""

from __future__ import annotations

import hashlib
import math

from .dag_structure import Task
from .observation import Instances

MAX_RETRY_DELAY_SECONDS = 24 * 60 * 60.0


def retry_at(each: Instances, task: Task) -> float | None:
    """When a failed try is tried again, as `TaskInstance.next_retry_datetime` has it."""
    if each.since is None:
        return None
    if each.retry_delay_override is not None:
        return each.since + each.retry_delay_override
    delay = task.retry_delay_seconds
    factor = task.retry_exponential_backoff
    if factor > 0 and factor != 1.0:
        try:
            shortest = max(1, math.ceil(delay * factor ** (each.try_number - 1)))
        except OverflowError:
            shortest = int(MAX_RETRY_DELAY_SECONDS)
        key = f"{each.dag_id}#{each.task_id}#{each.logical_date}#{each.try_number}"
        spread = int(hashlib.sha1(key.encode(), usedforsecurity=False).hexdigest(), 16) % shortest
        delay = min(float(shortest + spread), MAX_RETRY_DELAY_SECONDS)
        if task.max_retry_delay_seconds:
            delay = min(delay, task.max_retry_delay_seconds)
    return each.since + delay
