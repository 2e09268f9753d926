"""New revisions of the workers' task definition, as a deployment registers them."""

from __future__ import annotations

from typing import Any

from local import aws, layout

SERVICE = "worker-default"


def register(stack: layout.Stack, cluster: str, **changes: Any) -> str:
    """Register what the service has now once more, with `changes` of its container. Returns the new revision's ARN."""
    ecs = aws.client(stack, "ecs")
    (service,) = ecs.describe_services(cluster=cluster, services=[SERVICE])["services"]
    definition: Any = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    (container,) = definition["containerDefinitions"]
    if not container.get("healthCheck", {}).get("command"):
        container.pop("healthCheck", None)
    container |= changes
    known = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    answer = ecs.register_task_definition(**{key: value for key, value in definition.items() if key in known})
    return str(answer["taskDefinition"]["taskDefinitionArn"])
