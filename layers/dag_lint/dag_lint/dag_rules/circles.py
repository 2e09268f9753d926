"""FL205: tasks that come after themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise, product

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import Module, last_name
from dag_lint.syntax.parts import names_in

from .reading import Reading
from .scopes import Step

Edges = dict[str, dict[str, int]]
"""For each task the tasks after it, with the line that says so. Tasks are named by their variables."""


def circles(reading: Reading) -> Iterator[Finding]:
    """Circles of `>>`, `<<`, `chain`, `set_upstream` and of values passed between tasks, by variables set once."""
    module = reading.module
    tasks = _task_variables(module)
    for steps in reading.scopes:
        edges: Edges = {}
        for step in steps:
            if isinstance(step, Step):
                _Statement(module, tasks, edges).read(step.statement)
        circle = _circle(edges)
        if circle:
            line = max(edges[before][after] for before, after in pairwise(circle))
            yield finding("FL205", module.path, line, f"the tasks form a circle: {' >> '.join(circle)}")


def _task_variables(module: Module) -> set[str]:
    return {
        name
        for name, value in module.values.items()
        if module.bindings[name] == 1
        and isinstance(value, ast.Call)
        and (value in module.operators or _calls_task_function(module, value) or _expands(value, module.operators))
    }


def _calls_task_function(module: Module, call: ast.Call) -> bool:
    function = call.func
    while isinstance(function, ast.Attribute | ast.Call):
        function = function.value if isinstance(function, ast.Attribute) else function.func
    return isinstance(function, ast.Name) and function.id in module.task_functions


def _expands(call: ast.Call, operators: set[ast.expr]) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.value in operators


class _Statement:
    """Reads the dependencies that a statement makes."""

    def __init__(self, module: Module, tasks: set[str], edges: Edges) -> None:
        self.module = module
        self.tasks = tasks
        self.edges = edges

    def read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Expr(value=value):
                self._tasks_of(value)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if name in self.tasks:
                given = [*call.args, *(keyword.value for keyword in call.keywords)]
                for argument in given:
                    self._connect([used for used in names_in(argument) if used in self.tasks], [name], call.lineno)
            case _:
                pass

    def _connect(self, before: list[str], after: list[str], line: int) -> None:
        for first, second in product(before, after):
            self.edges.setdefault(first, {}).setdefault(second, line)

    def _tasks_of(self, node: ast.expr) -> list[str]:
        """The tasks that an expression stands for, after the dependencies in it were noted."""
        match node:
            case ast.Name(id=name):
                return [name] if name in self.tasks else []
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [name for part in parts for name in self._tasks_of(part)]
            case ast.BinOp(left=left, op=ast.RShift() | ast.LShift() as operator, right=right):
                first, second = self._tasks_of(left), self._tasks_of(right)
                if isinstance(right, ast.Call) and last_name(right.func) == "Label":
                    return first
                forward = isinstance(operator, ast.RShift)
                self._connect(*((first, second) if forward else (second, first)), node.lineno)
                return second
            case ast.Call(func=ast.Attribute(value=owner, attr="set_downstream"), args=[other, *_]):
                self._connect(self._tasks_of(owner), self._tasks_of(other), node.lineno)
            case ast.Call(func=ast.Attribute(value=owner, attr="set_upstream"), args=[other, *_]):
                self._connect(self._tasks_of(other), self._tasks_of(owner), node.lineno)
            case ast.Call(func=function, args=args) if self.module.is_airflow(function, "chain"):
                self._chain(args, node.lineno)
            case ast.Call(func=function, args=[first_, second_]) if self.module.is_airflow(
                function, "cross_downstream"
            ):
                self._connect(self._tasks_of(first_), self._tasks_of(second_), node.lineno)
            case _:
                pass
        return []

    def _chain(self, links: list[ast.expr], line: int) -> None:
        known = [link for link in links if not (isinstance(link, ast.Call) and last_name(link.func) == "Label")]
        for first, second in pairwise(known):
            before, after = self._tasks_of(first), self._tasks_of(second)
            both = isinstance(first, ast.List | ast.Tuple) and isinstance(second, ast.List | ast.Tuple)
            if both and len(before) == len(after):
                for one, other in zip(before, after, strict=True):
                    self._connect([one], [other], line)
            else:
                self._connect(before, after, line)


def _circle(edges: Edges) -> list[str]:
    """A circle, its first task again at its end; empty if there is none."""
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        waiting: list[tuple[str, bool]] = [(start, False)]
        while waiting:
            name, leaving = waiting.pop()
            if leaving:
                done.add(path.pop())
            elif name in path:
                return [*path[path.index(name) :], name]
            elif name not in done:
                path.append(name)
                waiting.append((name, True))
                waiting.extend((after, False) for after in edges.get(name, {}))
    return []
