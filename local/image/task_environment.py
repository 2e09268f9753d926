"""What the template would give a container: command and variables of a component, from `stacks/` themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from samcli.yamlhelper import yaml_parse

from local import layout

NOTHING = object()


def command(service: str) -> list[str]:
    """The command of the nested stack `service` of Airflow's stack; of workers, that of the default group's."""
    resource = {**_template("airflow")["Resources"], **_template("worker_group")["Resources"]}[service]
    command = evaluate(resource["Properties"]["Parameters"]["Command"], {"WorkerGroup": "default"}, set())
    return str(command).split(",")


def variables(parameters: Mapping[str, str], conditions: AbstractSet[str]) -> dict[str, str]:
    """The task definition's variables under these parameters; `conditions` are those that hold."""
    definitions = _template("airflow_service")["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    found = {}
    for entry in definitions[0]["Environment"]:
        chosen = evaluate(entry, parameters, conditions)
        if chosen is not NOTHING:
            found[chosen["Name"]] = chosen["Value"]
    return found


def evaluate(value: Any, parameters: Mapping[str, str], conditions: AbstractSet[str]) -> Any:
    """`value` with Ref, Fn::Sub and Fn::If resolved. Raises KeyError for a parameter that is not given."""
    if isinstance(value, list):
        return [evaluate(item, parameters, conditions) for item in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return NOTHING if value["Ref"] == "AWS::NoValue" else parameters[value["Ref"]]
    if "Fn::Sub" in value:
        return re.sub(r"\$\{([\w:]+)\}", lambda match: parameters[match[1]], value["Fn::Sub"])
    if "Fn::If" in value:
        condition, then, otherwise = value["Fn::If"]
        return evaluate(then if condition in conditions else otherwise, parameters, conditions)
    return {key: evaluate(item, parameters, conditions) for key, item in value.items()}


def _template(name: str) -> Any:
    return yaml_parse((layout.ROOT / "stacks" / f"{name}.yaml").read_text())
