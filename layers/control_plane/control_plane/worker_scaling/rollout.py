"""How far a worker group is with its newest revision: whether its service is to be told, ECS tries it, or took it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRIAL_SECONDS = 1800.0
"""What has not come up by then is not waited for any more."""


@dataclass(frozen=True)
class RolledOut:
    """The task definition that a service was told, and when, in seconds since 1970."""

    task_definition: str
    at: float


@dataclass(frozen=True)
class Rollout:
    """Revisions are ARNs of task definitions."""

    served: str = ""
    """What the service runs."""
    newest: str = ""
    """The newest revision of its family."""
    told: RolledOut | None = None
    """What `worker_scaler` told it last."""
    was_taken_back: bool = False
    """ECS took the newest revision back, because its tasks did not come up."""
    is_on_trial: bool = False
    """ECS still tries a new revision on those that start, and may take it back by what becomes of them."""

    @property
    def is_due(self) -> bool:
        """Whether the service does not have the newest revision, and ECS has not taken it back."""
        return self.served != self.newest and not self.was_taken_back

    @property
    def is_withdrawn(self) -> bool:
        """Whether the service has a revision that was deregistered since: CloudFormation went back to the one before."""
        (family, number), (newest_family, newest) = _parts(self.served), _parts(self.newest)
        return family == newest_family and number > newest

    @property
    def to_tell(self) -> str:
        """The revision that the service is told with the next decision, or nothing."""
        return self.newest if self.is_due else ""

    @property
    def current(self) -> str:
        """Of which the group's workers should be."""
        return self.served if self.was_taken_back else self.newest

    @property
    def is_unrecorded(self) -> bool:
        """Whether the service runs the newest revision without having been told: its first one, or by hand."""
        return self.served == self.newest and (self.told is None or self.told.task_definition != self.newest)


NOTHING_TO_ROLL_OUT = Rollout()


def rollout(service: Mapping[str, Any], newest: str, told: RolledOut | None, now: float) -> Rollout:
    """Of the service as ECS describes it, at a time in seconds since 1970."""
    served = service["taskDefinition"]
    primary = next(each for each in service["deployments"] if each["status"] == "PRIMARY")
    return Rollout(
        served,
        newest,
        told,
        was_taken_back=served != newest and _took_back(newest, told, primary["updatedAt"].timestamp()),
        is_on_trial=_is_on_trial(primary, now),
    )


def _parts(task_definition: str) -> tuple[str, int]:
    """An ARN without its revision, and the revision."""
    family, _, number = task_definition.rpartition(":")
    return family, int(number or 0)


def _is_on_trial(primary: Mapping[str, Any], now: float) -> bool:
    """A deployment can last for hours, as long as an old worker runs a task; a trial does not."""
    return primary.get("rolloutState") == "IN_PROGRESS" and now - primary["createdAt"].timestamp() < TRIAL_SECONDS


def _took_back(newest: str, told: RolledOut | None, updated_at: float) -> bool:
    """Whether a service that was told the newest revision and has another has it from its circuit breaker.

    `updated_at` is of its newest deployment: an earlier one is an answer from before the service was told.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    return told is not None and told.task_definition == newest and updated_at > told.at
