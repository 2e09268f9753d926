"""Which code of a file runs when it is imported."""

from __future__ import annotations

import ast
from functools import cached_property

from .dag_module import DEFERRED, Function, Module


class ImportTime:
    """What an import reaches.

    That is: statements of the module and of class bodies, defaults, decorators, and the bodies of the file's own
    functions that any of this calls. It is not: tasks, lambdas, `if __name__ == "__main__"`.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.reached: dict[ast.AST | None, None] = {None: None}
        """The keys of the module's `bodies` that an import runs."""
        self.calls: list[ast.Call] = []
        self.called: dict[str, int] = {}
        """The file's functions that are called, with the line of the first call."""
        waiting: list[ast.AST | None] = [None]
        for body in waiting:  # grows while it is walked
            self.calls += module.calls_in[body]
            for call in module.calls_in[body]:
                function = self._called(call)
                if function is not None and function not in self.reached:
                    self.reached[function] = None
                    waiting.append(function)
                    self.called.setdefault(function.name, call.lineno)

    def runs(self, node: ast.AST) -> bool:
        """Whether an import comes to `node`."""
        return self.module.body_of(node) in self.reached

    def within(self, node: ast.AST) -> str | None:
        """The name of the function whose body `node` is in; None for what runs by itself."""
        body = self.module.body_of(node)
        return body.name if isinstance(body, ast.FunctionDef) else None

    @cached_property
    def names(self) -> set[str]:
        """Every name that is read."""
        return {name for body in self.reached for name in self.module.names_in[body]}

    def _called(self, call: ast.Call) -> Function | None:
        """The file's own function that a call runs."""
        match call.func:
            case ast.Name(id=name):
                function = self._functions.get(("", name)) or self._functions.get((name, "__init__"))
            case ast.Attribute(value=owner, attr=name) if name in self._methods:
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

    @cached_property
    def _methods(self) -> set[str]:
        return {name for _, name in self._functions}
