"""FL204: two tasks of one DAG with the same id."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dag_lint.dag_module import Module, keyword_of
from dag_lint.finding import Finding
from dag_lint.rules import finding

from .reading import Reading
from .scopes import Group, Step

_MAYBE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp, ast.BoolOp)
"""Expressions of which a part may run never, or several times."""


def duplicate_task_ids(reading: Reading) -> Iterator[Finding]:
    """Ids that are written out; those that are made up while importing are seen by the import."""
    module = reading.module
    for steps in reading.scopes:
        lines: dict[str, int] = {}
        for step in steps:
            for full_id, line in _ids(module, step):
                first = lines.setdefault(full_id, line)
                if first != line:
                    yield finding(
                        "FL204", module.path, line, f"task_id {full_id!r} is taken by the task of line {first}"
                    )


def _ids(module: Module, step: Step | Group) -> Iterator[tuple[str, int]]:
    if isinstance(step, Group):
        if keyword_of(step.call, "add_suffix_on_collision") is None:
            yield step.group_id, step.call.lineno
        return
    waiting: list[ast.AST] = [step.statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _MAYBE):
            continue
        waiting += module.children[node]
        if isinstance(node, ast.Call) and id(node) in module.operators and keyword_of(node, "task_group") is None:
            task_id = module.literal(keyword_of(node, "task_id"))
            if isinstance(task_id, str):
                yield step.prefix + task_id, node.lineno
