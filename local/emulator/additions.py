"""Everything that is added to the emulator, in the order in which it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ministack.services import ecs

from local import layout
from local.emulator import (
    cloudformation_services,
    cloudformation_types,
    cloudwatch,
    ecs_cold_start,
    ecs_health,
    ecs_protection,
    ecs_roles,
    ecs_services,
    ecs_tasks,
    lambda_functions,
    load_balancer,
    logs,
    rds_copies,
    rds_instances,
    retry_delays,
    s3_access,
    s3_times,
    scheduler,
    service_metrics,
)
from local.emulator.codebuild import Builds
from local.emulator.ecs_roles import TaskCredentials
from local.emulator.firehose import Delivery
from local.emulator.iam import Decisions, Iam
from local.emulator.images import process_images
from local.emulator.process_runtime import ProcessRuntime
from local.emulator.service_connect import ClientAlias, ServiceConnect
from local.emulator.task_addresses import TaskAddresses


def running_tasks(alias: ClientAlias) -> Iterator[str]:
    """The addresses of the running tasks of an alias's service."""
    for _, task in ecs._tasks.all_items():
        if (
            task["lastStatus"] == "RUNNING"
            and task["group"] == f"service:{alias.service}"
            and task["clusterArn"].endswith(f"/{alias.cluster}")
        ):
            address = ecs._task_ip(task)
            if address:
                yield address


def install(port: int, folder: Path, *, plain: bool) -> None:
    """Install every addition; with `plain`, none but what stands for Docker."""
    addresses = TaskAddresses(port)
    service_connect = ServiceConnect(addresses.gateway, running_tasks)
    images = process_images()
    runtime = ProcessRuntime(images, addresses, folder / "containers", service_connect.resolve)
    ecs._docker = runtime
    if plain:
        return
    iam = Iam(Decisions(folder / layout.IAM_DECISIONS))
    TaskCredentials()
    life = ecs_tasks.install(runtime)
    ecs_cold_start.install(folder)
    ecs_health.install(runtime)
    ecs_protection.install(iam)
    Builds(iam, folder / "builds")
    ecs_roles.check_before_start(iam)
    ecs_services.install(life, load_balancer.install())
    lambda_functions.install(iam, images)
    retry_delays.install()
    scheduler.check_role(iam)
    s3_access.keep_encryption_of_templates()
    s3_access.check_more()
    s3_times.install()
    cloudformation_types.register()
    cloudformation_services.install(service_connect.publish)
    cloudwatch.install(service_metrics.publishers())
    logs.install(iam)
    Delivery(iam).install()
    rds_instances.install(folder)
    rds_copies.install(folder)
