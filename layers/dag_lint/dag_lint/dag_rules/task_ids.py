"""FL204: two tasks of one DAG with the same id."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import Module, keyword_of

from .reading import Reading
from .scopes import Group, Step

_MAYBE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp, ast.BoolOp)
"""Expressions of which a part may run never, or several times."""


def duplicate_task_ids(reading: Reading) -> Iterator[Finding]:
    """Ids that are written out; those that are made up while importing are seen by the import."""
    module = reading.module
    tasks = _certain_tasks(module)
    for steps in reading.scopes:
        lines: dict[str, int] = {}
        for step in steps:
            for full_id, line in _ids(module, step, tasks):
                first = lines.setdefault(full_id, line)
                if first != line:
                    yield finding(
                        "FL204", module.path, line, f"task_id {full_id!r} is taken by the task of line {first}"
                    )


def _certain_tasks(module: Module) -> defaultdict[ast.AST, list[ast.Call]]:
    """By statement, the tasks that are made once whenever it runs, and in the task group that it stands in."""
    found: defaultdict[ast.AST, list[ast.Call]] = defaultdict(list)
    for call in module.task_calls:
        node: ast.AST = call
        while not isinstance(node, (ast.stmt, *_MAYBE)):
            node = module.parents[node]
        if isinstance(node, ast.stmt) and keyword_of(call, "task_group") is None:
            found[node].append(call)
    return found


def _ids(module: Module, step: Step | Group, tasks: Mapping[ast.AST, Sequence[ast.Call]]) -> Iterator[tuple[str, int]]:
    if isinstance(step, Group):
        if keyword_of(step.call, "add_suffix_on_collision") is None:
            yield step.group_id, step.call.lineno
        return
    for call in tasks.get(step.statement, ()):
        task_id = module.literal(keyword_of(call, "task_id"))
        if isinstance(task_id, str):
            yield step.prefix + task_id, call.lineno
