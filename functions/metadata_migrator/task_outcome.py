"""Decides what the migration's ECS task has come to, from what DescribeTasks says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Running:
    """The task has not ended."""


@dataclass(frozen=True)
class Succeeded:
    """The task's one container exited with 0."""


@dataclass(frozen=True)
class Failed:
    """The task ended in any other way; `reason` says how."""

    reason: str
    has_run: bool = True
    """Whether its container may have done anything: it has an exit code, or was running at some time."""


Outcome = Running | Succeeded | Failed


def outcome(task: Mapping[str, Any]) -> Outcome:
    """What became of `task`, one of DescribeTasks's.

    A stopped task whose container never ran has no exit code: unknown is not zero, so that is a failure.
    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
    """
    if task.get("lastStatus") != "STOPPED":
        return Running()
    exit_codes = [container.get("exitCode") for container in task.get("containers", [])]
    if exit_codes and all(code == 0 for code in exit_codes):
        return Succeeded()
    details = [task.get("stoppedReason", "")]
    for container in task.get("containers", []):
        code = container.get("exitCode")
        details.append(container.get("reason", ""))
        details.append("its container never ran" if code is None else f"its container exited with {code}")
    has_run = "startedAt" in task or any(code is not None for code in exit_codes)
    return Failed("; ".join(detail for detail in details if detail) or "it stopped without a reason", has_run)
