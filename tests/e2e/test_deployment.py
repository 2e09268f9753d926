"""A second `sam deploy`: what changed is rolled, what is the scaler's stays."""

from __future__ import annotations

from local import aws, deploy, layout, services
from tests.waiting import eventually


def migrations() -> int:
    return len(list(layout.CONTAINERS.glob("*-migration")))


def test_changed_setting_rolls_the_services_and_keeps_the_worker_count(stack: layout.Stack, cluster: str) -> None:
    """Also: the migration runs again, and before the services, for it is the same settings that it runs with."""
    ecs = aws.client(stack, "ecs")
    ecs.update_service(cluster=cluster, service="worker-default", desiredCount=2)
    services.await_healthy(stack)
    before = {service.name: {task.id for task in service.tasks} for service in services.observe(stack, cluster)}
    ran = migrations()
    deploy.deploy(stack, WorkerConcurrency="3")
    eventually(
        lambda: all(
            service.steady and not {task.id for task in service.tasks} & before[service.name]
            for service in services.observe(stack, cluster)
        ),
        120,
        "every service runs new tasks only",
    )
    assert migrations() == ran + 1
    worker = next(service for service in services.observe(stack, cluster) if service.name == "worker-default")
    assert (worker.desired, len(worker.tasks)) == (2, 2)
    ecs.update_service(cluster=cluster, service="worker-default", desiredCount=1)
    services.await_healthy(stack)


def test_unchanged_template_changes_nothing(stack: layout.Stack, cluster: str) -> None:
    before = services.observe(stack, cluster)
    ran = migrations()
    deploy.deploy(stack, WorkerConcurrency="3")
    assert services.observe(stack, cluster) == before
    assert migrations() == ran
