"""A worker group's ECS service as it is: its workers as a `Fleet`, and its revision. Errors are botocore's."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker
from control_plane.worker_scaling.group import WorkerGroup
from control_plane.worker_scaling.rollout import rollout
from control_plane.worker_scaling.scaling_state import ScalingState

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

SILENCE_SECONDS = 60.0
"""A worker reports every five seconds; one that was silent for so long is lost."""
LONGEST_START_SECONDS = 900.0
"""A task that does not accept after so long is no worker that comes."""
PROTECTION_SECONDS = 24 * 3600.0
"""What a worker takes before its first poll (`farflow.worker_life`). Of one that did not report it yet, protection ends no
earlier than so long after its creation, and after its last report that it starts."""
TASKS_PER_CALL = 100
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html"""
COLD_STARTS_KEPT = 20
FIRST_COLD_START_SECONDS = 75.0
"""Until one is measured: what a 400 MB image takes on Fargate, with Airflow's imports."""


class ServiceMissingError(RuntimeError):
    """The group's service is not there, or is being deleted."""


@dataclass(frozen=True)
class ServiceView:
    """One look at a group's service."""

    fleet: Fleet
    cold_starts: Mapping[str, float]
    """Seconds by ECS task id of the workers that are there."""


class WorkerService:
    """The service of one group."""

    def __init__(self, ecs: ECSClient, state: ScalingState, cluster: str, group: WorkerGroup) -> None:
        self._ecs = ecs
        self._state = state
        self._cluster = cluster
        self._group = group

    def observe(self, cold_start_seconds: float, now: float) -> ServiceView:
        """All of it, or an error: a part would look like workers that are gone. Raises `ServiceMissingError`."""
        services = self._ecs.describe_services(cluster=self._cluster, services=[self._group.service])["services"]
        if not services or services[0]["status"] != "ACTIVE":
            raise ServiceMissingError(f"service {self._group.service} is not there")
        newest = self._ecs.describe_task_definition(taskDefinition=self._group.task_definition)["taskDefinition"]
        tasks = self._tasks()
        items = self._state.workers(tasks)
        revision = rollout(services[0], newest["taskDefinitionArn"], self._state.rolled_out(self._group.name), now)
        workers = tuple(
            _worker(task_id, task, items.get(task_id, {}), revision.current, cold_start_seconds, now)
            for task_id, task in sorted(tasks.items())
        )
        return ServiceView(
            Fleet(services[0]["desiredCount"], workers, revision),
            {
                task_id: item["accepting_since"] - tasks[task_id]["createdAt"].timestamp()
                for task_id, item in items.items()
                if "accepting_since" in item
            },
        )

    def _tasks(self) -> dict[str, Any]:
        """The tasks that ECS means to keep running, by id."""
        pages = self._ecs.get_paginator("list_tasks").paginate(
            cluster=self._cluster, serviceName=self._group.service, desiredStatus="RUNNING"
        )
        arns = [arn for page in pages for arn in page["taskArns"]]
        tasks: dict[str, Any] = {}
        for start in range(0, len(arns), TASKS_PER_CALL):
            answer = self._ecs.describe_tasks(cluster=self._cluster, tasks=arns[start : start + TASKS_PER_CALL])
            tasks |= {task["taskArn"].rpartition("/")[2]: task for task in answer["tasks"]}
        return {task_id: task for task_id, task in tasks.items() if task["desiredStatus"] == "RUNNING"}


def typical_cold_start(seconds: Iterable[float]) -> float:
    """In seconds, of those measured, the oldest first: longer than most of them, for a worker that is late is waited for.

    A larger image shows after two starts: the middle one of the last three counts if it is longer.
    """
    measured = list(seconds)
    if not measured:
        return FIRST_COLD_START_SECONDS
    if len(measured) == 1:
        return measured[0]
    return max(statistics.quantiles(measured, n=4, method="inclusive")[2], statistics.median(measured[-3:]))


def with_new_cold_starts(known: Mapping[str, float], found: Mapping[str, float]) -> dict[str, float]:
    """The last of them, the oldest first."""
    merged = {**known, **{task_id: seconds for task_id, seconds in found.items() if task_id not in known}}
    return dict(list(merged.items())[-COLD_STARTS_KEPT:])


def _worker(
    task_id: str, task: Any, item: Mapping[str, Any], current: str, cold_start_seconds: float, now: float
) -> Worker:
    created = task["createdAt"].timestamp()
    phase = Phase(item.get("phase", Phase.STARTING))
    silent = now - item["reported_at"] > SILENCE_SECONDS if "reported_at" in item else False
    late = phase is Phase.STARTING and now - created > LONGEST_START_SECONDS
    return Worker(
        id=task_id,
        phase=phase,
        order=Order(item.get("order", Order.ACCEPT)),
        hostname=str(item.get("hostname", "")),
        accepts_at=created + cold_start_seconds,
        active=int(item.get("active", 0)),
        idle_since=item.get("idle_since"),
        protected_until=float(item["protected_until"])
        if phase is not Phase.STARTING
        else max(created, item.get("reported_at", created)) + PROTECTION_SECONDS,
        is_current=task["taskDefinitionArn"] == current,
        has_reported="reported_at" in item,
        is_lost=silent or late,
    )


def orders_in_turn(orders: Mapping[str, Order]) -> Sequence[tuple[str, Order]]:
    """Those that give capacity first."""
    turn = list(Order)
    return sorted(orders.items(), key=lambda each: (turn.index(each[1]), each[0]))
