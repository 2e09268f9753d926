"""What the ECS service scheduler does next for one service: a pure decision.

Follows https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ (deployment-type-ecs,
task-scale-in-protection, service-definition-parameters). Where AWS names no order, as for the task that a
scale-in stops within one zone, the oldest goes: what relies on another order shall fail here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

LONGEST_WAIT_SECONDS = 60.0
"""AWS waits up to 27 minutes between starts of tasks that do not come up; so long, nobody would watch here."""


class Health(Enum):
    """A task as the scheduler counts it."""

    STARTING = "not running yet, or not yet shown to be healthy"
    HEALTHY = "running, and healthy where there is a check"
    UNHEALTHY = "failed its container's or its load balancer's health check"
    STOPPING = "told to stop, still there"


@dataclass(frozen=True)
class Task:
    """One task of the service."""

    arn: str
    is_current: bool
    """Of the primary deployment."""
    health: Health
    is_protected: bool
    created_at: str
    """ISO 8601; only compared."""


@dataclass(frozen=True)
class Service:
    """What the service is asked for."""

    desired: int
    minimum_percent: int = 100
    maximum_percent: int = 200
    has_failed: bool = False
    """Its primary deployment failed, and nothing was there to roll back to."""


@dataclass(frozen=True)
class Plan:
    """What to do now. `blocked`: protected tasks alone keep the deployment from ending."""

    start: int = 0
    stop: tuple[str, ...] = ()
    replaced_as_unhealthy: tuple[str, ...] = ()
    is_complete: bool = False
    is_blocked: bool = False


def plan(service: Service, tasks: Sequence[Task]) -> Plan:
    """The next step towards `service.desired` healthy tasks of the current deployment and none else."""
    alive = [task for task in tasks if task.health is not Health.STOPPING]
    current = [task for task in alive if task.is_current]
    old = [task for task in alive if not task.is_current]
    healthy = [task for task in alive if task.health is Health.HEALTHY]
    sick = [task for task in current if task.health is Health.UNHEALTHY]
    sound = [task for task in current if task.health is not Health.UNHEALTHY]

    # Up: a sick task does not count; those that are stopping still take room.
    room = max(1, service.desired * service.maximum_percent // 100) - len(tasks)
    missing = 0 if service.has_failed else service.desired - len(sound)
    start = max(0, min(missing, room))

    # Down: as far as enough healthy ones stay. Protection holds against this, and against nothing else.
    stop: list[Task] = []
    minimum = math.ceil(service.desired * service.minimum_percent / 100)
    spare = len(healthy) - min(minimum, service.desired)
    for task in sorted(old, key=lambda task: task.created_at):
        if task.is_protected or task.health is Health.UNHEALTHY:
            continue
        if task.health is Health.STARTING:
            stop.append(task)
        elif spare > 0:
            stop.append(task)
            spare -= 1
    excess = len(sound) - service.desired
    victims = [task for task in sound if not task.is_protected]
    victims.sort(key=lambda task: (task.health is Health.HEALTHY, task.created_at))
    if excess > 0:
        stop += victims[:excess]

    # A sick task goes when its replacement is healthy, or at once when there is no room for one; protection
    # is no help then.
    replaced = sick if len([task for task in sound if task.health is Health.HEALTHY]) >= service.desired else []
    if sick and not replaced and missing > 0 and start == 0 and room <= 0:
        replaced = sick[:1]
    replaced = [*replaced, *(task for task in old if task.health is Health.UNHEALTHY)]

    settled = len([task for task in sound if task.health is Health.HEALTHY]) == service.desired == len(current)
    return Plan(
        start=start,
        stop=tuple(task.arn for task in stop),
        replaced_as_unhealthy=tuple(task.arn for task in replaced),
        is_complete=settled and not old,
        is_blocked=bool(old) and all(task.is_protected for task in old) and (missing <= 0 or room <= 0),
    )


def wait_before_start_seconds(failures: int) -> float:
    """How long to wait after so many tasks in a row that ended soon after their start.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
    """
    return 0.0 if failures == 0 else min(LONGEST_WAIT_SECONDS, 2.0 ** (failures - 1))
