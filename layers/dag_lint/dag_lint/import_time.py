"""Which code of a file runs when it is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from .dag_module import DEFERRED, Function, Module, last_name


@dataclass
class ImportTime:
    """What an import reaches.

    That is: statements of the module and of class bodies, defaults, decorators, and the bodies of the file's own
    functions that any of this calls. It is not: tasks, lambdas, `if __name__ == "__main__"`.
    """

    module: Module
    nodes: list[ast.AST] = field(default_factory=list)
    reached: set[ast.AST] = field(default_factory=set)
    called: dict[str, int] = field(default_factory=dict)
    """The file's functions that are called, with the line of the first call."""
    through: dict[ast.AST, str] = field(default_factory=dict)
    """For a node in a function's body, the function's name."""

    def __post_init__(self) -> None:
        waiting: list[tuple[ast.AST, str]] = [(self.module.tree, "")]
        while waiting:
            start, within = waiting.pop()
            for node in self._running(start):
                self.nodes.append(node)
                self.reached.add(node)
                if within:
                    self.through[node] = within
                function = self._called(node)
                if function and function.name not in self.called:
                    self.called[function.name] = getattr(node, "lineno", function.lineno)
                    waiting += [(statement, function.name) for statement in function.body]

    def _running(self, start: ast.AST) -> Iterator[ast.AST]:
        stack = [start]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(list(self._parts_that_run(node))))

    def _parts_that_run(self, node: ast.AST) -> Iterator[ast.AST]:
        match node:
            case (
                ast.FunctionDef(args=arguments, decorator_list=decorators)
                | ast.AsyncFunctionDef(args=arguments, decorator_list=decorators)
            ):
                yield from decorators
                yield from _defaults(arguments)
            case ast.Lambda(args=arguments):
                yield from _defaults(arguments)
            case ast.If(test=test, orelse=otherwise) if self._never_true(test):
                yield from otherwise
            case _:
                yield from ast.iter_child_nodes(node)

    def _never_true(self, test: ast.expr) -> bool:
        if isinstance(test, ast.Compare):
            sides = [test.left, *test.comparators]
            return any(last_name(side) == "__name__" for side in sides) and isinstance(test.ops[0], ast.Eq)
        return self.module.qualified(test) in ("typing.TYPE_CHECKING", "TYPE_CHECKING")

    def _called(self, node: ast.AST) -> Function | None:
        """The file's own function that this node runs."""
        match node:
            case ast.Call(func=ast.Name(id=name)):
                function = self._functions.get(("", name)) or self._functions.get((name, "__init__"))
            case ast.Call(func=ast.Attribute(value=owner, attr=name)):
                class_name = self.module.qualified(owner).removesuffix("()")
                function = self._functions.get((class_name, name))
            case _:
                return None
        if function is None or isinstance(function, ast.AsyncFunctionDef):
            return None
        return None if self.module.decorator(function, *DEFERRED) else function

    @cached_property
    def _functions(self) -> dict[tuple[str, str], Function]:
        """The file's functions by class, empty for none, and name."""
        found = {}
        for function in self.module.functions:
            scope = self.module.parents.get(function)
            found[scope.name if isinstance(scope, ast.ClassDef) else "", function.name] = function
        return found


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)
