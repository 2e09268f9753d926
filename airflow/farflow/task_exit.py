"""A finished task frees its worker's slot at once.

Airflow 3.3's task supervisor waits for what its task writes. When all of the task's streams have ended a moment
before its process has, nothing is left to wake it, and it sleeps for `[workers] min_heartbeat_interval` (5 s): so it
went for a quarter of short tasks (`airflow/sdk/execution_time/supervisor.py:_monitor_subprocess`).
"""

from __future__ import annotations

from typing import Any

EXIT_LOOK_SECONDS = 0.02


def notice_at_once() -> None:
    """Look for the exit of a task without open streams, instead of sleeping.

    Imports the supervisor: done before a worker forks, its children have it already at their first task.
    """
    from airflow.sdk.execution_time.supervisor import WatchedSubprocess  # noqa: PLC0415 - seconds; workers alone need it

    service = WatchedSubprocess._service_subprocess  # noqa: SLF001 - there is no other way in

    def service_promptly(self: WatchedSubprocess, max_wait_time: float, *others: Any, **options: Any) -> Any:
        if not self.selector.get_map():
            max_wait_time = min(max_wait_time, EXIT_LOOK_SECONDS)
        return service(self, max_wait_time, *others, **options)

    WatchedSubprocess._service_subprocess = service_promptly  # type: ignore[method-assign] # noqa: SLF001
