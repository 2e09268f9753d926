"""Gives one service of a running stack other environment variables, beside the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from local import aws, layout


@contextmanager
def with_variables(stack: layout.Stack, cluster: str, service: str, variables: Mapping[str, str]) -> Iterator[None]:
    """Until then its tasks are replaced one by one, as by any new revision; afterwards it has its own definition again."""
    ecs = aws.client(stack, "ecs")
    (described,) = ecs.describe_services(cluster=cluster, services=[service])["services"]
    before = described["taskDefinition"]
    definition: Any = ecs.describe_task_definition(taskDefinition=before)["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    if not container.get("healthCheck", {}).get("command"):  # the emulator's description of it is empty
        container.pop("healthCheck", None)
    kept = [each for each in container["environment"] if each["name"] not in variables]
    container["environment"] = [*kept, *({"name": name, "value": value} for name, value in variables.items())]
    known = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    made = ecs.register_task_definition(**{key: value for key, value in definition.items() if key in known})
    other = made["taskDefinition"]["taskDefinitionArn"]
    try:
        ecs.update_service(cluster=cluster, service=service, taskDefinition=other)
        yield
    finally:
        ecs.update_service(cluster=cluster, service=service, taskDefinition=before)
        ecs.deregister_task_definition(taskDefinition=other)
