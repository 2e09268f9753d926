"""One DAG file as its rules see it: the syntax tree, what its names mean, and which of its code an import runs.

Nothing is executed. Where a value cannot be told from the text it is None, and rules say nothing of it.
"""

from __future__ import annotations

import ast
import posixpath
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .parts import NO_PARTS, parts

Function = ast.FunctionDef | ast.AsyncFunctionDef
Literal = str | int | float | bool | None

_LATER = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.If})

DEFERRED = frozenset({"task", "setup", "teardown", "asset"})
"""Decorators of Airflow whose function runs in a task, not where it is called."""


@dataclass(frozen=True)
class DagDefinition:
    """A place where a DAG is made: a call of `DAG`, or a function decorated with `@dag`."""

    node: ast.Call | Function
    arguments: ast.Call | None
    dag_id: str | None
    line: int


@dataclass
class Module:
    """A parsed file. `path` is relative to the DAG folder."""

    path: str
    source: bytes
    tree: ast.Module
    bodies: dict[ast.AST | None, list[ast.AST]] = field(default_factory=dict)
    """The nodes that run when the file is imported, at None, and those that run later, at the function, lambda or `if`
    that holds them. Without those that have no place in the text: operators, contexts.
    """
    calls_in: dict[ast.AST | None, list[ast.Call]] = field(default_factory=dict)
    names_in: dict[ast.AST | None, set[str]] = field(default_factory=dict)
    """The calls and the names that are read, by the keys of `bodies`."""
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    functions: list[Function] = field(default_factory=list)
    """Those of the file's own body last: of two with one name, the last is the one that an import sees."""
    withs: list[ast.With] = field(default_factory=list)
    keywords: defaultdict[str | None, list[ast.keyword]] = field(default_factory=lambda: defaultdict(list))
    """The keyword arguments of each name."""
    imports: dict[str, str] = field(default_factory=dict)
    """Full names by the name that the file gives them; where several bodies import one name, what the earliest does."""
    imported: set[str] = field(default_factory=set)
    """The full names of all that is imported anywhere in the file."""
    bindings: Counter[str] = field(default_factory=Counter)
    """How often each name is bound, anywhere in the file, other than as a parameter."""
    parameters: set[str] = field(default_factory=set)
    values: dict[str, ast.expr] = field(default_factory=dict)
    """What was last assigned to each name."""
    full_names: dict[ast.expr, str] = field(default_factory=dict)
    """What `qualified` found out already."""
    _begins: dict[ast.AST, ast.AST] = field(default_factory=dict)
    """For the first nodes of each body but the file's own, its key."""

    def __post_init__(self) -> None:
        """One walk over the tree for all rules, body by body."""
        notes: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.keyword: self._note_keyword,
            ast.arg: self._note_parameter,
            ast.FunctionDef: self._note_function,
            ast.AsyncFunctionDef: self._note_function,
            ast.ClassDef: self._note_class,
            ast.Import: self._note_import,
            ast.ImportFrom: self._note_import,
            ast.Assign: self._note_assign,
            ast.AnnAssign: self._note_target,
            ast.NamedExpr: self._note_target,
            ast.With: self.withs.append,
            ast.withitem: self._note_with,
        }
        bodies: list[tuple[ast.AST | None, list[ast.AST]]] = [(None, [self.tree])]
        for key, nodes in bodies:  # grows while it is walked, and so does each body
            names: set[str] = set()
            calls: list[ast.Call] = []
            self.bodies[key], self.calls_in[key], self.names_in[key] = nodes, calls, names
            notes[ast.Call] = calls.append
            imports, functions = self.imports, self.functions  # of the bodies before, which run earlier
            self.imports, self.functions = {}, []
            for node in nodes:
                if isinstance(node, ast.Name):
                    if isinstance(node.ctx, ast.Load):
                        names.add(node.id)
                    else:
                        self.bindings[node.id] += 1
                    continue
                kind = type(node)
                note = notes.get(kind)
                if note:
                    note(node)
                if kind in NO_PARTS:
                    continue
                inner = parts(node)
                for part in inner:
                    self.parents[part] = node
                if kind in _LATER and (later := _later(node)):
                    bodies.append((node, later))
                    self._begins.update(dict.fromkeys(later, node))
                    inner = [part for part in inner if part not in self._begins]
                nodes.extend(inner)
            self.imports |= imports
            self.functions += functions

    def body_of(self, node: ast.AST) -> ast.AST | None:
        """The key of `bodies` under which `node` stands."""
        while node not in self._begins:
            if node not in self.parents:
                return None
            node = self.parents[node]
        return self._begins[node]

    def statement_of(self, node: ast.AST) -> ast.AST:
        """The statement that `node` is a part of."""
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def _note_keyword(self, node: ast.keyword) -> None:
        self.keywords[node.arg].append(node)

    def _note_parameter(self, node: ast.arg) -> None:
        self.parameters.add(node.arg)

    def _note_function(self, node: Function) -> None:
        self.functions.append(node)
        self.bindings[node.name] += 1

    def _note_class(self, node: ast.ClassDef) -> None:
        self.bindings[node.name] += 1

    def _note_assign(self, node: ast.Assign) -> None:
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.values[node.targets[0].id] = node.value

    def _note_target(self, node: ast.AnnAssign | ast.NamedExpr) -> None:
        if isinstance(node.target, ast.Name) and node.value is not None:
            self.values[node.target.id] = node.value

    def _note_with(self, node: ast.withitem) -> None:
        if isinstance(node.optional_vars, ast.Name):
            self.values[node.optional_vars.id] = node.context_expr

    def _note_import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom):
            source = self.imported_module(node)
            found = {alias.asname or alias.name: f"{source}.{alias.name}" for alias in node.names}
        else:
            tops = {alias.name: alias.name.partition(".")[0] for alias in node.names}
            found = {
                alias.asname or tops[alias.name]: alias.name if alias.asname else tops[alias.name]
                for alias in node.names
            }
        self.imports.update(found)
        self.imported.update(found.values())

    def imported_module(self, node: ast.ImportFrom) -> str:
        """The module of a `from ... import`, counted from the DAG folder where it is relative."""
        if not node.level:
            return node.module or ""
        package = posixpath.dirname(self.path).split("/") if "/" in self.path else []
        base = package[: len(package) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])

    # ---- what a name or value is ----

    def value_of(self, name: str, node: ast.AST | None = None) -> ast.expr | None:
        """What a name, read at `node`, stands for, if it is assigned in one place only."""
        if node is not None and self._is_parameter(name, node):
            return None
        return self.values.get(name) if self.bindings[name] == 1 else None

    def _is_parameter(self, name: str, node: ast.AST) -> bool:
        scope = self.parents.get(node) if name in self.parameters else None
        while scope is not None:
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                given = scope.args
                own = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
                if any(argument and argument.arg == name for argument in own):
                    return True
            scope = self.parents.get(scope)
        return False

    def qualified(self, node: ast.expr | None, depth: int = 12) -> str:
        """What is named, through imports and assignments; empty where that cannot be told.

        `s.get` after `s = requests.Session()` is `requests.Session().get`.
        """
        if node is None or not depth:
            return ""
        name = self.full_names.get(node)
        if name is None:
            name = self._qualified(node, depth)
            self.full_names[node] = name
        return name

    def _qualified(self, node: ast.expr, depth: int) -> str:
        name = ""
        match node:
            case ast.Name():
                name = self._qualified_name(node, depth)
            case ast.Attribute(value=value, attr=attribute):
                base = self.qualified(value, depth - 1)
                name = f"{base}.{attribute}" if base else ""
            case ast.Call():
                name = self._qualified_call(node, depth)
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                name = self.qualified(value, depth - 1)
            case _:
                pass
        return name

    def _qualified_name(self, node: ast.Name, depth: int) -> str:
        name = node.id
        if self._is_parameter(name, node):
            return name
        if name in self.imports and not self.bindings[name]:
            return self.imports[name]
        value = self.value_of(name)
        return (self.qualified(value, depth - 1) or name) if value is not None else name

    def _qualified_call(self, node: ast.Call, depth: int) -> str:
        function = self.qualified(node.func, depth - 1)
        if function in ("importlib.import_module", "__import__") and node.args:
            name = self.literal(node.args[0])
            return name if isinstance(name, str) else ""
        if function == "getattr" and len(node.args) > 1:
            name = self.literal(node.args[1])
            base = self.qualified(node.args[0], depth - 1)
            return f"{base}.{name}" if isinstance(name, str) and base else ""
        return f"{function}()" if function else ""

    def literal(self, node: ast.expr | None, depth: int = 12) -> Literal:
        """The value of a constant expression; None where it is none, and for None itself."""
        result: Literal = None
        match node if depth else None:
            case ast.Constant(value=str() | int() | float() as value):
                result = value
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                number = self.literal(operand, depth - 1)
                result = -number if isinstance(number, int | float) else None
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                parts = self.literal(left, depth - 1), self.literal(right, depth - 1)
                result = parts[0] + parts[1] if isinstance(parts[0], str) and isinstance(parts[1], str) else None
            case ast.Name(id=name) as plain:
                result = self.literal(self.value_of(name, plain), depth - 1)
            case ast.JoinedStr(values=values):
                result = self._joined(values, depth)
            case ast.Attribute(attr="stem") as stem if _of_own_file(stem):
                result = posixpath.basename(self.path).rpartition(".")[0]
            case _:
                pass
        return result

    def _joined(self, values: list[ast.expr], depth: int) -> str | None:
        parts = []
        for value in values:
            plain = isinstance(value, ast.FormattedValue) and value.conversion == -1 and value.format_spec is None
            inner = value.value if isinstance(value, ast.FormattedValue) and plain else value
            part = self.literal(inner, depth - 1)
            if not isinstance(part, str):
                return None
            parts.append(part)
        return "".join(parts)

    def dictionary(self, node: ast.expr | None) -> dict[str, ast.expr] | None:
        """The entries of a dictionary that is written out, None where it is not."""
        match node:
            case ast.Dict(keys=keys, values=values):
                names = [self.literal(key) for key in keys]
                if any(not isinstance(name, str) for name in names):
                    return None
                return {str(name): value for name, value in zip(names, values, strict=True)}
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                if any(keyword.arg is None for keyword in keywords):
                    return None
                return {str(keyword.arg): keyword.value for keyword in keywords}
            case ast.Name(id=name) as plain if self.value_of(name, plain) is not None:
                return self.dictionary(self.value_of(name))
            case _:
                return None

    # ---- Airflow's things ----

    def is_airflow(self, node: ast.expr, *names: str) -> bool:
        """Whether `node` is one of Airflow's `names`, wherever in Airflow it was imported from."""
        full = self.qualified(node)
        return full.startswith("airflow.") and full.rpartition(".")[2] in names

    def decorator(self, function: Function, *names: str) -> ast.expr | None:
        """The function's decorator that is one of Airflow's `names` (`task` means `task.bash` too)."""
        for decorator in function.decorator_list:
            full = self.qualified(decorator.func if isinstance(decorator, ast.Call) else decorator)
            if full.startswith("airflow.") and set(full.split(".")[-2:]) & set(names):
                return decorator
        return None

    @cached_property
    def calls(self) -> list[ast.Call]:
        """All of the file."""
        return [call for calls in self.calls_in.values() for call in calls]

    @cached_property
    def _airflow_calls(self) -> dict[str, list[ast.Call]]:
        found: dict[str, list[ast.Call]] = {}
        for call in self.calls:
            full = self.qualified(call.func)
            if full.startswith("airflow."):
                found.setdefault(full.rpartition(".")[2], []).append(call)
        return found

    def airflow_calls(self, *names: str) -> list[ast.Call]:
        """The calls of one of Airflow's `names`, wherever in Airflow it was imported from."""
        return [call for name in names for call in self._airflow_calls.get(name, ())]

    def given(self, name: str) -> list[tuple[ast.Call, ast.expr]]:
        """The calls that have a keyword argument of this name, each with its value."""
        found = ((self.parents[keyword], keyword.value) for keyword in self.keywords.get(name, ()))
        return [(call, value) for call, value in found if isinstance(call, ast.Call)]

    @cached_property
    def dags(self) -> list[DagDefinition]:
        """Each place in the text where a DAG is made, whether or not an import comes there."""
        found = []
        for call in self.airflow_calls("DAG"):
            name = self.literal(argument(call, "dag_id", 0))
            found.append(DagDefinition(call, call, name if isinstance(name, str) else None, call.lineno))
        for function in self.functions:
            decorator = self.decorator(function, "dag")
            if decorator is not None:
                call_ = decorator if isinstance(decorator, ast.Call) else None
                given = argument(call_, "dag_id", 0) if call_ else None
                name = self.literal(given) if given else function.name
                found.append(DagDefinition(function, call_, name if isinstance(name, str) else None, function.lineno))
        return sorted(found, key=lambda dag: dag.line)

    @cached_property
    def task_calls(self) -> list[ast.Call]:
        """Calls that make a task of an operator: `SomeOperator(task_id=...)`, `SomeOperator.partial(task_id=...)`."""
        return [call for call, _ in self.given("task_id") if _makes_operator(call)]

    @cached_property
    def operators(self) -> set[ast.expr]:
        """`task_calls`, to look whether an expression is one of them."""
        return set(self.task_calls)

    @cached_property
    def task_functions(self) -> dict[str, Function]:
        """Functions that are tasks, by name."""
        return {function.name: function for function in self.functions if self.decorator(function, *DEFERRED)}

    @cached_property
    def task_arguments(self) -> list[ast.Call]:
        """Calls that carry a task's arguments: of operators, of `@task(...)`, of `.override(...)`."""
        decorators = [self.decorator(function, *DEFERRED) for function in self.functions]
        overrides = [
            call for call in self.calls if isinstance(call.func, ast.Attribute) and call.func.attr == "override"
        ]
        return [*self.task_calls, *(node for node in decorators if isinstance(node, ast.Call)), *overrides]

    @cached_property
    def default_arguments(self) -> list[dict[str, ast.expr]]:
        """Every `default_args` that is written out in the file."""
        found = [self.dictionary(value) for _, value in self.given("default_args")]
        named = self.dictionary(self.value_of("default_args"))
        unique = {id(next(iter(entries.values()))): entries for entries in (*found, named) if entries}
        return list(unique.values())


def _later(node: ast.AST) -> list[ast.AST]:
    """The parts that do not run where the node stands."""
    match node:
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body):
            return list(body)
        case ast.Lambda(body=expression):
            return [expression]
        case ast.If(test=test, body=body) if _is_never_true(test):
            return list(body)
        case _:
            return []


def _is_never_true(test: ast.expr) -> bool:
    """Whether it is `__name__ == "__main__"` or `TYPE_CHECKING`."""
    if isinstance(test, ast.Compare):
        sides = [test.left, *test.comparators]
        return any(last_name(side) == "__name__" for side in sides) and isinstance(test.ops[0], ast.Eq)
    return last_name(test) == "TYPE_CHECKING"


def argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """The argument of this name, or at this position."""
    given = keyword_of(call, name)
    return given if given is not None else (call.args[position] if len(call.args) > position else None)


def keyword_of(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument; None where it is not given."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return None


def unpacks(call: ast.Call) -> bool:
    """Whether the call takes arguments that the text does not show (`**settings`)."""
    return any(keyword.arg is None for keyword in call.keywords)


def last_name(node: ast.expr) -> str:
    """`c` of `a.b.c`; empty for anything else than names."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _makes_operator(call: ast.Call) -> bool:
    name = last_name(call.func)
    if name == "partial" and isinstance(call.func, ast.Attribute):
        name = last_name(call.func.value)
    return name[:1].isupper()


def _of_own_file(node: ast.Attribute) -> bool:
    """Whether it is `Path(__file__).stem`, by which files name their DAG."""
    return isinstance(node.value, ast.Call) and [last_name(given) for given in node.value.args] == ["__file__"]
