"""The scheduler looks more often while it sends tasks.

Between two looks it sleeps for `[scheduler] scheduler_idle_sleep_time`. What follows a short task waits for half of
that, each link of a chain anew; a shorter sleep at all times would make a scheduler with nothing to do take the CPU.
Airflow 3.3 reads the setting once, into the attribute replaced here (`airflow/jobs/scheduler_job_runner.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ATTRIBUTE = "_scheduler_idle_sleep_time"
BUSY_SECONDS = 1.0
BUSY_SLEEP_SECONDS = 0.1


def idle_sleep_seconds(configured: float, seconds_since_sent: float) -> float:
    """The configured sleep, or a short one while the last task was sent a moment ago."""
    return min(configured, BUSY_SLEEP_SECONDS) if seconds_since_sent < BUSY_SECONDS else configured


def quicken(job_runner: type, seconds_since_sent: Callable[[], float]) -> None:
    """Let every `job_runner`, also one that exists already, ask for the length of its next sleep."""

    def read(self: Any) -> float:
        return idle_sleep_seconds(self.__dict__[ATTRIBUTE], seconds_since_sent())

    def write(self: Any, configured: float) -> None:
        self.__dict__[ATTRIBUTE] = configured

    setattr(job_runner, ATTRIBUTE, property(read, write))
