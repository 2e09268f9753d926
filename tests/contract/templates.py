"""The templates as Python values, aliases and merges resolved as `sam build` resolves them."""

from functools import cache
from typing import Any

from samcli.yamlhelper import yaml_parse

from local import layout

STACKS = (
    *("network", "data", "work_queue", "control_plane", "push_gate", "image"),
    *("airflow", "airflow_service", "worker_group", "worker_scaling", "metadata_migration"),
)
FUNCTION_STACKS = ("control_plane", "push_gate", "image", "worker_scaling", "metadata_migration")


@cache
def root() -> dict[str, Any]:
    return dict(yaml_parse((layout.ROOT / "template.yaml").read_text()))


@cache
def stack(name: str) -> dict[str, Any]:
    return dict(yaml_parse((layout.ROOT / "stacks" / f"{name}.yaml").read_text()))


def functions() -> dict[str, dict[str, Any]]:
    """The properties of each function of the control plane, by the folder that its handler is in."""
    return {
        resource["Properties"]["Handler"].partition(".")[0]: resource["Properties"]
        for name in FUNCTION_STACKS
        for resource in stack(name)["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def function_role(logical_id: str) -> dict[str, Any]:
    """The properties of a role of the templates that make functions."""
    (role,) = (
        stack(name)["Resources"][logical_id] for name in FUNCTION_STACKS if logical_id in stack(name)["Resources"]
    )
    return dict(role["Properties"])


def environment_keys(properties: dict[str, Any]) -> set[str]:
    """Every variable that a function gets, from itself and from Globals."""
    return {*shared_function_settings()["Environment"]["Variables"], *properties["Environment"]["Variables"]}


def shared_function_settings() -> dict[str, Any]:
    """What every function has, the same in each template that makes functions."""
    first, *others = (stack(name)["Globals"]["Function"] for name in FUNCTION_STACKS)
    assert all(other == first for other in others)
    return dict(first)


def statements(policies: list[Any]) -> list[dict[str, Any]]:
    """The statements of inline policies, those under a condition included."""
    found: list[dict[str, Any]] = []
    for policy in policies:
        chosen = policy["Fn::If"][1] if "Fn::If" in policy else policy
        found += chosen.get("PolicyDocument", chosen)["Statement"]
    return found


def actions(statement: dict[str, Any]) -> set[str]:
    action = statement["Action"]
    return set(action) if isinstance(action, list) else {action}
