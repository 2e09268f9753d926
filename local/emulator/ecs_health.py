"""Container health checks, run in the container as Docker runs them.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from ministack.core.concurrency import resource_lock
from ministack.services import ecs

from local.emulator import ecs_tasks
from local.emulator.process_runtime import Container, ProcessRuntime


@dataclass(frozen=True)
class HealthCheck:
    """A container definition's `healthCheck` with its defaults; times in seconds."""

    command: tuple[str, ...]
    interval: float = 30
    timeout: float = 5
    retries: int = 3
    start_period: float = 0

    @classmethod
    def of(cls, definition: Any) -> HealthCheck | None:
        given = definition.get("healthCheck")
        if not given:
            return None
        kind, *command = given["command"]
        return cls(
            tuple(command) if kind == "CMD" else ("/bin/sh", "-c", *command),
            float(given.get("interval") or 30),
            float(given.get("timeout") or 5),
            int(given.get("retries") or 3),
            float(given.get("startPeriod") or 0),
        )


@dataclass
class Status:
    """How a container stands after the checks so far."""

    value: str = "UNKNOWN"
    failures: int = 0

    def note(self, check: HealthCheck, *, passed: bool, age_seconds: float) -> None:
        """A success is believed at once; failures count from the end of the start period on."""
        if passed:
            self.value, self.failures = "HEALTHY", 0
        elif self.value != "UNKNOWN" or age_seconds > check.start_period:
            self.failures += 1
            if self.failures >= check.retries:
                self.value = "UNHEALTHY"


def install(runtime: ProcessRuntime) -> None:
    attach = ecs._attach_started_container

    def attach_and_watch(task: Any, container: Container, index: int, *others: Any) -> Any:
        attached = attach(task, container, index, *others)
        entry = task["containers"][index]
        definitions = ecs_tasks.definition_of(task)["containerDefinitions"]
        definition = next(definition for definition in definitions if definition["name"] == entry["name"])
        check = HealthCheck.of(definition)
        if attached and check is not None:
            task["_has_health_check"] = True
            threading.Thread(
                target=_watch, args=(task, entry, container, check), daemon=True, name="ecs-health"
            ).start()
        return attached

    ecs._attach_started_container = attach_and_watch


def _watch(task: Any, entry: Any, container: Container, check: HealthCheck) -> None:
    started, status = time.monotonic(), Status()
    while True:
        time.sleep(check.interval)
        if container.status == "exited" or task["desiredStatus"] == "STOPPED":
            return
        age = time.monotonic() - started
        status.note(check, passed=container.execute(check.command, check.timeout) == 0, age_seconds=age)
        with resource_lock("ecs-task", task["taskArn"]):
            entry["healthStatus"] = status.value
            task["healthStatus"] = _of_all(task)


def _of_all(task: Any) -> str:
    """UNHEALTHY when a container is, HEALTHY when all that are checked are."""
    states = [
        entry.get("healthStatus", "UNKNOWN")
        for entry, definition in zip(
            task["containers"], ecs_tasks.definition_of(task)["containerDefinitions"], strict=True
        )
        if definition.get("healthCheck")
    ]
    for state in ("UNHEALTHY", "UNKNOWN"):
        if state in states:
            return state
    return "HEALTHY"
