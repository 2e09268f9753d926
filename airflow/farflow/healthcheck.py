"""A container's health, cheaply: `python -m farflow.healthcheck COMPONENT` exits with 0 or 1.

`airflow jobs check` costs seconds of CPU each time; these look where the component itself says it lives.
Importing Airflow is avoided for the same reason.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from farflow.hostname import hostname

LOOPBACK = os.environ.get("FARFLOW_LOOPBACK", "127.0.0.1")
"""Where the container's own servers answer. The local stack, whose tasks share one loopback interface, says where."""

TIMEOUT_SECONDS = 15
WORKER_SILENCE_SECONDS = 60
JOB_SILENCE_SECONDS = 120
UNKNOWN_TASK_INSTANCE = "00000000-0000-0000-0000-000000000000"


class UnhealthyError(Exception):
    """The component does not do its work; the message says what was seen."""


def check_ui() -> None:
    _get(f"http://{LOOPBACK}:8080/api/v2/monitor/health")


def check_execution_api() -> None:
    """Also warms it: a server's first authenticated route costs three seconds, which no task should pay.

    `/execution/health` alone does not load those routes; this unauthenticated request does, and is refused.
    """
    _get(f"http://{LOOPBACK}:8080/execution/health")
    run = f"http://{LOOPBACK}:8080/execution/task-instances/{UNKNOWN_TASK_INSTANCE}/run"
    request = urllib.request.Request(run, method="PATCH", data=b"{}")
    try:
        urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise UnhealthyError(f"{run} answered {error.code}") from None
    else:
        raise UnhealthyError(f"{run} answered without a token")


def check_scheduler() -> None:
    _get(f"http://{LOOPBACK}:8974/health")


def check_dag_processor() -> None:
    check_job("DagProcessorJob")


def check_triggerer() -> None:
    check_job("TriggererJob")


def check_job(job_type: str) -> None:
    """The job of this very host beat lately, by the database's clock. The host is named as Airflow is told to."""
    from farflow import database  # noqa: PLC0415 - the other checks do without it

    with (
        database.connect(os.environ, TIMEOUT_SECONDS) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "SELECT extract(epoch FROM now() - max(latest_heartbeat)) FROM job"
            " WHERE job_type = %s AND hostname = %s AND state = 'running'",
            (job_type, hostname()),
        )
        (silence_seconds,) = cursor.fetchone()
    if silence_seconds is None:
        raise UnhealthyError(f"no running {job_type} on {hostname()}")
    if silence_seconds > JOB_SILENCE_SECONDS:
        raise UnhealthyError(f"{job_type} was silent for {silence_seconds:.0f} s")


def check_worker() -> None:
    """The worker's event loop touched its file lately (see `celery_extension`)."""
    path = Path(os.environ.get("TMPDIR", tempfile.gettempdir())) / "farflow-worker-healthy"
    try:
        silence_seconds = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        raise UnhealthyError("the worker's consumer has not started") from None
    if silence_seconds > WORKER_SILENCE_SECONDS:
        raise UnhealthyError(f"the worker's event loop was silent for {silence_seconds:.0f} s")


def _get(url: str) -> None:
    try:
        urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS).close()
    except urllib.error.URLError as error:
        raise UnhealthyError(f"{url}: {error}") from None


CHECKS: dict[str, Callable[[], None]] = {
    "ui": check_ui,
    "execution-api": check_execution_api,
    "scheduler": check_scheduler,
    "dag-processor": check_dag_processor,
    "triggerer": check_triggerer,
    "worker": check_worker,
}


def main(component: str) -> int:
    try:
        CHECKS[component]()
    except Exception as error:  # noqa: BLE001 - any failure to find out is a failed check
        print(f"unhealthy: {type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
