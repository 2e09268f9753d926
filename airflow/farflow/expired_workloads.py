"""A task whose message has waited for too long is left to the scheduler, which sends it again.

The message holds a token for as long as `[scheduler] task_queued_timeout` says. Once that has run out the Execution API
refuses the task, Celery records a failure, and the scheduler fails a task that never began. A message that is dropped
without a result leaves its task queued, and the scheduler looks every two minutes for those that are queued for longer than
that time, and schedules them anew (`airflow/jobs/scheduler_job_runner.py:_handle_tasks_stuck_in_queued`).

That goes for task instances alone. Nobody sends a callback again, so one that came late is Airflow's to try.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Sequence
from typing import Any

import jwt
from celery.exceptions import Ignore

TASK_INSTANCE = "ExecuteTask"
"""The `type` of such a workload: `airflow.executors.workloads`."""

RESERVE_SECONDS = 30.0
"""A task that is begun with less may find its token run out when it asks."""

log = logging.getLogger(__name__)


def seconds_left(workload: str, now: float) -> float:
    """Until a task instance's token runs out; endless for any other workload. `now` is since 1970.

    Of a token without such a time, Airflow says itself what is wrong with it.
    """
    try:
        content = json.loads(workload)
        if content["type"] != TASK_INSTANCE:
            return math.inf
        claims = jwt.decode(content["token"], options={"verify_signature": False})
        return float(claims["exp"]) - now
    except (ValueError, LookupError, TypeError, jwt.InvalidTokenError):
        return math.inf


def leave_to_scheduler(execute_workload: Any) -> None:
    """Have Celery's task of that name run no task instance whose token has run out. Before the worker forks."""

    def before_start(self: Any, task_id: str, args: Sequence[str], kwargs: Any) -> None:  # noqa: ARG001 - Celery's signature
        left = seconds_left(args[0], time.time())
        if left < RESERVE_SECONDS:
            log.warning(
                "[%s] waited for too long: its token has %.0f s left. The scheduler sends it again", task_id, left
            )
            raise Ignore

    type(execute_workload).before_start = before_start
