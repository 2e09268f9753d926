"""FL208: ids that Airflow refuses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import Module, argument, keyword_of

from .reading import Reading

_KEY = re.compile(r"^[\w.-]+$")
_GROUP_KEY = re.compile(r"^[\w-]+$")
KEY_LENGTH = 250
GROUP_KEY_LENGTH = 200
"""`airflow.sdk.definitions._internal.node.validate_key` and `validate_group_key`."""


def bad_identifiers(reading: Reading) -> Iterator[Finding]:
    """Ids of DAGs, tasks and task groups that are written out."""
    module = reading.module
    for kind, value, line in _ids(module):
        mistake = identifier_mistake(kind, value)
        if mistake:
            yield finding("FL208", module.path, line, mistake)


def identifier_mistake(kind: str, value: str) -> str | None:
    """What is wrong with an id, a `dag_id`, `task_id` or `group_id`; None if nothing is."""
    length, pattern = (GROUP_KEY_LENGTH, _GROUP_KEY) if kind == "group_id" else (KEY_LENGTH, _KEY)
    if len(value) > length:
        return f"the {kind} has {len(value)} characters, more than {length}"
    return None if pattern.match(value) else f"{kind} {value!r} has a character that ids cannot have"


def _ids(module: Module) -> Iterator[tuple[str, str, int]]:
    for dag in module.dags:
        if dag.dag_id is not None:
            yield "dag_id", dag.dag_id, dag.line
    for call in module.task_arguments:
        yield from _written(module, "task_id", keyword_of(call, "task_id"))
    for call in module.airflow_calls("TaskGroup"):
        yield from _written(module, "group_id", argument(call, "group_id", 0))


def _written(module: Module, kind: str, node: ast.expr | None) -> Iterator[tuple[str, str, int]]:
    value = module.literal(node)
    if node is not None and isinstance(value, str):
        yield kind, value, node.lineno
