"""The list of what each role may do, from the templates: `python -m tests.contract.permissions` writes it.

`docs/permissions.md` is kept in step by `test_permissions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local import layout
from tests.contract import templates

PAGE = layout.ROOT / "docs" / "permissions.md"

HEAD = """# What each role may do

One role per component, each with the actions that it calls and no managed policy. Written by
`python -m tests.contract.permissions`; the end-to-end tests run with IAM enforced and fail when a role lacks an action
or never uses one (`tests/e2e/test_roles.py`). SAM adds a role to each schedule, which may invoke its function.
"""


def holds(condition: Any, conditions: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    """The value of a template's condition."""
    if isinstance(condition, str):
        return holds(conditions[condition], conditions, parameters)
    ((function, operands),) = condition.items()
    if function == "Condition":
        return holds(operands, conditions, parameters)
    if function == "Fn::Equals":
        first, second = (
            parameters[operand["Ref"]] if isinstance(operand, dict) else str(operand) for operand in operands
        )
        return first == second
    values = [holds(operand, conditions, parameters) for operand in operands]
    return {"Fn::Not": not values[0], "Fn::And": all(values), "Fn::Or": any(values)}[function]


def chosen(value: Any, conditions: Mapping[str, Any], parameters: Mapping[str, str]) -> Any:
    """`value` with each `Fn::If` replaced by the branch that is taken, and what is `AWS::NoValue` left out."""
    if isinstance(value, list):
        picked = [chosen(entry, conditions, parameters) for entry in value]
        return [entry for entry in picked if entry != {"Ref": "AWS::NoValue"}]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return chosen(yes if holds(condition, conditions, parameters) else no, conditions, parameters)
    return {key: chosen(entry, conditions, parameters) for key, entry in value.items()}


def components() -> Iterator[tuple[str, dict[str, str]]]:
    """Each Airflow component, and the parameters that its nested template gets."""
    defaults = {
        name: str(parameter.get("Default", "given"))
        for name, parameter in templates.stack("airflow_service")["Parameters"].items()
    }
    for resource in (
        *templates.stack("airflow")["Resources"].values(),
        templates.stack("worker_group")["Resources"]["Workers"],
    ):
        if (
            resource["Type"] == "AWS::Serverless::Application"
            and resource["Properties"]["Location"] == "airflow_service.yaml"
        ):
            given = resource["Properties"]["Parameters"]
            texts = {name: value if isinstance(value, str) else "given" for name, value in given.items()}
            yield given["Component"], {**defaults, **texts}


def roles() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each role's name and statements."""
    service = templates.stack("airflow_service")
    for component, parameters in components():
        for role in ("TaskRole", "ExecutionRole"):
            properties = chosen(service["Resources"][role]["Properties"], service["Conditions"], parameters)
            yield f"{component}: {role}", templates.statements(properties["Policies"])
    for name in templates.STACKS:
        stack = templates.stack(name)
        attached = [
            resource["Properties"]
            for other in templates.STACKS
            for resource in templates.stack(other)["Resources"].values()
            if resource["Type"] == "AWS::IAM::Policy"
        ]
        for logical_id, resource in stack["Resources"].items():
            if resource["Type"] != "AWS::IAM::Role" or name == "airflow_service":
                continue
            policies = list(resource["Properties"].get("Policies", []))
            own = ([{"Ref": logical_id}], [{"Ref": f"{logical_id}Name"}])  # in its own stack, in another
            policies += [policy for policy in attached if policy["Roles"] in own]
            yield logical_id, templates.statements(policies)


def text(resource: Any) -> str:
    """A resource as a reader would say it."""
    if isinstance(resource, list):
        return ", ".join(text(entry) for entry in resource)
    if isinstance(resource, str):
        return f"`{resource}`"
    ((_, operand),) = resource.items()
    if isinstance(operand, list):
        operand = ".".join(str(part) for part in operand)
    return f"`{operand}`"


def page() -> str:
    """The whole of `docs/permissions.md`."""
    lines = [HEAD]
    for name, statements in roles():
        lines.append(f"\n## {name}\n\n| for | actions | on |\n| --- | --- | --- |")
        for statement in statements:
            actions = ", ".join(f"`{action}`" for action in sorted(templates.actions(statement)))
            lines.append(f"| {statement['Sid']} | {actions} | {text(statement['Resource'])} |")
    return "\n".join(lines) + "\n"


def write(path: Path = PAGE) -> None:
    path.write_text(page())


if __name__ == "__main__":
    write()
