"""The statements that certainly run when a DAG is made, in order: those in which a repetition is a mistake."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dag_lint.syntax.dag_module import Module, argument, keyword_of, last_name


@dataclass(frozen=True)
class Step:
    """A statement of a DAG, with the prefix that its task groups give to task ids."""

    statement: ast.stmt
    prefix: str


@dataclass(frozen=True)
class Group:
    """A task group that begins here; its id is one of the DAG's ids too."""

    call: ast.Call
    group_id: str
    prefix: str


def scopes(module: Module) -> Iterator[list[Step | Group]]:
    """For each DAG its steps. Branches and loops are left out: what they do is known at import only."""
    for block in module.withs:
        if any(_is_dag(module, item.context_expr) for item in block.items):
            yield list(_steps(module, block.body, ""))
    for function in module.functions:
        if module.decorator(function, "dag"):
            yield list(_steps(module, function.body, ""))
    yield from _by_keyword(module)


def _is_dag(module: Module, node: ast.expr) -> bool:
    """Whether it is a call of `DAG`, or a variable that holds one."""
    name = module.qualified(node)
    return name.startswith("airflow.") and name.endswith(".DAG()")


def _by_keyword(module: Module) -> Iterator[list[Step | Group]]:
    """The tasks at the top of a file that say `dag=` which DAG they belong to."""
    named: defaultdict[ast.AST, set[str]] = defaultdict(set)
    for call, value in module.given("dag"):
        named[module.statement_of(call)].add(last_name(value))
    by_dag: dict[str, list[Step | Group]] = {}
    for statement in module.tree.body if named else ():
        names = named[statement] - {""} if _is_plain(statement) else set()
        if len(names) == 1 and module.bindings[min(names)] == 1:
            by_dag.setdefault(names.pop(), []).append(Step(statement, ""))
        elif _is_plain(statement) and isinstance(statement, ast.Expr):
            for steps in by_dag.values():
                steps.append(Step(statement, ""))
    yield from by_dag.values()


def _is_plain(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign)


def _steps(module: Module, body: Sequence[ast.stmt], prefix: str) -> Iterator[Step | Group]:
    for statement in body:
        if _is_plain(statement):
            yield Step(statement, prefix)
        elif isinstance(statement, ast.With):
            inner: str | None = prefix
            for item in statement.items:
                call = item.context_expr
                if isinstance(call, ast.Call) and module.is_airflow(call.func, "TaskGroup"):
                    inner = None
                    group_id = module.literal(argument(call, "group_id", 0))
                    if isinstance(group_id, str):
                        full = prefix + group_id
                        yield Group(call, full, prefix)
                        inner = _inner_prefix(module, call, prefix, full)
            if inner is not None:
                yield from _steps(module, statement.body, inner)


def _inner_prefix(module: Module, call: ast.Call, prefix: str, full: str) -> str | None:
    """What a group adds to the ids in it; None where the text does not say."""
    given = keyword_of(call, "prefix_group_id")
    if given is None:
        return f"{full}."
    match module.literal(given):
        case True:
            return f"{full}."
        case False:
            return prefix
        case _:
            return None
