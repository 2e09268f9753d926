"""ECS services of a template: all of their properties, and a stack that waits until they are steady.

The emulator's CloudFormation drops Service Connect and the grace period of health checks, takes a count as text,
and calls a service made before its first task runs.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ministack.services import ecs
from ministack.services.cloudformation import _stacks, provisioners, stacks

from local.emulator.service_connect import ClientAlias, client_aliases

Publish = Callable[[ClientAlias], None]
Made = tuple[str, dict[str, str]]

STEADY_SECONDS = 600.0
"""CloudFormation waits for three hours; so long, nobody would watch here."""
POLL_SECONDS = 0.2


class NotSteadyError(Exception):
    """A service did not become steady; worded as CloudFormation words it."""


def install(publish: Publish) -> None:
    """`publish` gets each Service Connect alias."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]
    create, update = handler["create"], handler["update"]
    waiting = Waiting()

    def create_and_wait(logical_id: str, properties: Any, stack: str) -> Made:
        made: Made = create(logical_id, _with_integer_count(properties), stack)
        _set_rest(properties, made[0], publish)
        waiting.add(stack, made[0])
        return made

    def update_and_wait(physical_id: str, old: Any, new: Any, stack: str) -> Made:
        made: Made = update(physical_id, _with_integer_count(old), _with_integer_count(new), stack)
        _set_rest(new, made[0], publish)
        waiting.add(stack, made[0])
        return made

    handler["create"], handler["update"] = create_and_wait, update_and_wait
    _wait_after_nested_stacks(waiting)
    runs_on_thread = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda kind: kind == "AWS::ECS::Service" or runs_on_thread(kind)


class Waiting:
    """Services that were made and are not known to be steady, by the stack that will wait for them.

    CloudFormation makes resources that do not depend on each other at the same time; the emulator makes one
    after the other. So that services start together all the same, a nested stack's are waited for when the
    nested stack below the root is made as a whole.
    """

    def __init__(self) -> None:
        self._deployments: dict[str, list[tuple[str, str]]] = {}
        """Per waiting stack, each service's ARN and the deployment that was made."""

    def add(self, stack: str, service_arn: str) -> None:
        _, cluster, name = service_arn.rsplit("/", 2)
        deployment_id = ecs._primary_deployment(ecs._services[f"{cluster}/{name}"])["id"]
        top = _below_root(stack)
        if top is None:
            _await_steady(service_arn, deployment_id)
        else:
            self._deployments.setdefault(top, []).append((service_arn, deployment_id))

    def finish(self, stack: str) -> None:
        for service_arn, deployment_id in self._deployments.pop(stack, []):
            _await_steady(service_arn, deployment_id)


def _below_root(stack: str) -> str | None:
    """The nested stack directly below the root that `stack` is or belongs to; None for a root."""
    parent = _stacks.get(stack, {}).get("_parent_stack_name")
    if parent is None:
        return None
    return _below_root(parent) or stack


def _wait_after_nested_stacks(waiting: Waiting) -> None:
    deploy = provisioners._cfn_nested_stack_deploy

    def deploy_and_wait(logical_id: str, properties: Any, parent: str, **options: Any) -> Made:
        made: Made = deploy(logical_id, properties, parent, **options)
        waiting.finish(made[0].split("/")[-2] if made[0].startswith("arn:") else made[0])
        return made

    provisioners._cfn_nested_stack_deploy = deploy_and_wait


def _await_steady(service_arn: str, deployment_id: str) -> None:
    _, cluster, name = service_arn.rsplit("/", 2)
    deadline = time.monotonic() + STEADY_SECONDS
    while True:
        service = ecs._services.get(f"{cluster}/{name}")
        if service is None or service["status"] != "ACTIVE":
            return
        deployment = next((entry for entry in service["deployments"] if entry["id"] == deployment_id), None)
        if deployment is None or deployment["rolloutState"] == "COMPLETED":
            return  # a newer one took over, or this one is done
        if deployment["rolloutState"] == "FAILED":
            raise NotSteadyError(
                "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker "
                f"was triggered'.\" (service {name}: {deployment['rolloutStateReason']})"
            )
        if time.monotonic() > deadline:
            events = "; ".join(event["message"] for event in service["events"][:3])
            raise NotSteadyError(f"service {name} did not stabilize: {events}")
        time.sleep(POLL_SECONDS)


def _set_rest(properties: Any, service_arn: str, publish: Publish) -> None:
    """What the emulator's own handler drops."""
    _, cluster, name = service_arn.rsplit("/", 2)
    service = ecs._services[f"{cluster}/{name}"]
    service["healthCheckGracePeriodSeconds"] = int(properties.get("HealthCheckGracePeriodSeconds") or 0)
    definition = ecs._task_defs[ecs._resolve_td_key(properties["TaskDefinition"])]
    port_names = {
        mapping.get("name"): mapping["containerPort"]
        for container in definition["containerDefinitions"]
        for mapping in container.get("portMappings") or []
    }
    for alias in client_aliases({**properties, "PortNames": port_names}, cluster, name):
        publish(alias)


def _with_integer_count(properties: Any) -> Any:
    """A DesiredCount that came through a parameter is text, which the emulator's ECS cannot subtract."""
    if "DesiredCount" not in properties:
        return properties
    return {**properties, "DesiredCount": int(properties["DesiredCount"])}
