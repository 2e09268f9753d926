"""The Airflow services as ECS and as Airflow itself see them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from local import aws, layout
from local.airflow_api import AirflowApi, AirflowApiError
from local.errors import LocalStackError

NAMES = ("execution-api", "ui", "scheduler", "dag-processor", "triggerer")
"""Of the services besides the workers'; those are named after their groups."""
WORKERS = "worker-default"

COMPONENTS = {
    "metadatabase": "the database",
    "scheduler": "scheduler",
    "triggerer": "triggerer",
    "dag_processor": "dag-processor",
}
"""What Airflow's health page speaks of, and the service that it is."""

HEALTHY_SECONDS = 180.0
POLL_SECONDS = 0.5


class UnhealthyError(LocalStackError):
    """Services did not come up in time."""


@dataclass(frozen=True)
class Task:
    """A running ECS task: its id, and its private address."""

    id: str
    address: str


@dataclass(frozen=True)
class Service:
    """One ECS service, with the tasks that run."""

    name: str
    desired: int
    tasks: tuple[Task, ...]

    @property
    def steady(self) -> bool:
        return len(self.tasks) == self.desired


def observe(stack: layout.Stack, cluster: str) -> list[Service]:
    """Every Airflow service of `cluster`, in the order of `NAMES`, the workers' last."""
    ecs = aws.client(stack, "ecs")
    listed = [arn.rpartition("/")[2] for arn in ecs.list_services(cluster=cluster)["serviceArns"]]
    names = [*NAMES, *sorted(name for name in listed if name.startswith("worker-"))]
    described = ecs.describe_services(cluster=cluster, services=names)["services"]
    found = {service["serviceName"]: service["desiredCount"] for service in described}
    services = []
    for name in names:
        if name not in found:
            continue
        task_arns = ecs.list_tasks(cluster=cluster, serviceName=name)["taskArns"]
        details = ecs.describe_tasks(cluster=cluster, tasks=task_arns)["tasks"] if task_arns else []
        tasks = tuple(
            Task(task["taskArn"].rpartition("/")[2], detail["value"])
            for task in details
            if task["lastStatus"] == "RUNNING"
            for attachment in task["attachments"]
            for detail in attachment["details"]
            if detail["name"] == "privateIPv4Address"
        )
        services.append(Service(name, found[name], tasks))
    return services


def await_healthy(stack: layout.Stack) -> str:
    """Wait until every service runs as many tasks as it should and Airflow calls itself healthy.

    Returns a line that says what runs. Raises `UnhealthyError` after three minutes.
    """
    cluster = aws.outputs(stack)["ClusterName"]
    api = AirflowApi(stack)
    deadline = time.monotonic() + HEALTHY_SECONDS
    while True:
        services = observe(stack, cluster)
        missing = [service.name for service in services if not service.steady] or _sick(api)
        if not missing:
            return ", ".join(f"{service.name} {len(service.tasks)}" for service in services)
        if time.monotonic() > deadline:
            raise UnhealthyError(
                f"after {HEALTHY_SECONDS:.0f} s these are not up: {', '.join(missing)}", service=missing[0]
            )
        time.sleep(POLL_SECONDS)


def _sick(api: AirflowApi) -> list[str]:
    try:
        health = api.health()
    except AirflowApiError:
        return ["ui"]
    return [
        service for component, service in COMPONENTS.items() if (health.get(component) or {}).get("status") != "healthy"
    ]
