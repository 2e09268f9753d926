"""Celery's executor, but for two things.

A task is not failed because SQS is away while it is being queued, and the scheduler that sends tasks looks sooner for
what comes after them (`scheduler_pace`).
"""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Sequence
from typing import Any

from airflow.providers.celery.executors.celery_executor import CeleryExecutor
from airflow.providers.celery.executors.celery_executor_utils import (
    ExceptionWithTraceback,
    _get_celery_app_for_workload,
)
from airflow.providers.common.compat.sdk import AirflowTaskTimeout
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from kombu import pools
from kombu.exceptions import OperationalError

from farflow import queue_outage, scheduler_pace
from farflow.queue_outage import Failure, Outage

log = logging.getLogger(__name__)


class PatientCeleryExecutor(CeleryExecutor):
    """Keeps what could not be sent, and sends it when SQS answers again.

    Celery's own gives a message up at the first refusal, and after four time-outs of a second each, and Airflow then
    fails the task (`celery_executor.py:_send_workloads`). What this method does not return stays queued in the
    executor and is offered again with the scheduler's next loop; `[scheduler] task_queued_timeout` bounds the wait.

    Celery's own retry (`task_publish_retry`) must be off: after a connection that broke, it goes on with a channel of
    kombu 5.7.0 that has lost its connection, and ends in an AttributeError.
    """

    _outage: Outage | None = None
    _next_try: float = 0.0
    _last_sent: float = -math.inf

    def start(self) -> None:
        """Called once, by the scheduler's job."""
        from airflow.jobs.scheduler_job_runner import SchedulerJobRunner  # noqa: PLC0415 - it imports executors itself

        super().start()
        scheduler_pace.quicken(SchedulerJobRunner, lambda: time.monotonic() - self._last_sent)

    def _send_workloads_to_celery(self, workload_tuples_to_send: Sequence[Any]) -> list[Any]:
        if self._outage is not None and time.monotonic() < self._next_try:
            return []
        # One at a time while SQS is away, and where nothing is gained by more: each may take a second.
        singly = self._outage is not None or self._sync_parallelism == 1
        size = 1 if singly else len(workload_tuples_to_send)
        sent: list[Any] = []
        for start in range(0, len(workload_tuples_to_send), size):
            results = super()._send_workloads_to_celery(workload_tuples_to_send[start : start + size])
            failures = [_failure(result) for _, _, result in results]
            sent += [result for result, failure in zip(results, failures, strict=True) if failure is None]
            away = next((failure for failure in failures if failure is not None), None)
            if away is not None:
                self._wait(away)
                break
            self._go_on()
        if sent:
            self._last_sent = time.monotonic()
        return sent

    def _wait(self, failure: Failure) -> None:
        """Also drop the connection: one that broke, or was left in the middle of a send, may stay broken."""
        pools.reset()  # type: ignore[no-untyped-call]
        _get_celery_app_for_workload.cache_clear()
        now = time.monotonic()
        following = queue_outage.after_failure(self._outage, failure, now, random.random())  # noqa: S311
        self._outage, self._next_try = following.outage, now + following.delay_seconds
        if following.message is not None:
            log.warning(following.message)

    def _go_on(self) -> None:
        if self._outage is not None:
            log.warning(queue_outage.end_of(self._outage, time.monotonic()))
            self._outage = None


def _failure(result: Any) -> Failure | None:
    """Why a message may be sent later, if it could not be sent now; None when it was sent or never can be."""
    if not isinstance(result, ExceptionWithTraceback):
        return None
    error = result.exception
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return Failure(str(error)) if queue_outage.may_pass(status, error.response["Error"]["Code"]) else None
    if isinstance(error, ParamValidationError):
        return None
    away = (AirflowTaskTimeout, OperationalError, BotoCoreError, OSError)
    return Failure(repr(error)) if isinstance(error, away) else None
