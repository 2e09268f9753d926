"""The parts of a node of the syntax tree, faster than `ast` tells them: most of the lint's own time goes into walking."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

NO_PARTS = frozenset({ast.alias, ast.Pass, ast.Global, ast.Nonlocal, ast.MatchSingleton, ast.Name, ast.Constant})

_NO_NODES = frozenset(
    {
        *("ctx", "op", "ops", "id", "attr", "arg", "name", "asname", "module", "level", "conversion", "simple"),
        *("kind", "tag", "type_comment", "type_ignores", "is_async", "kwd_attrs", "rest"),
    }
)
"""Fields of syntax nodes that hold no nodes, or some that have no place in the text. Those of `global`, `nonlocal` and
`case None:` are left out with their nodes.
"""

_FIELDS = {
    kind: tuple(name for name in kind._fields if name not in _NO_NODES or kind is ast.TypeAlias)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}

_OF_KIND: dict[type[ast.AST], Callable[[Any], list[ast.AST]]] = {
    ast.Attribute: lambda node: [node.value],
    ast.Call: lambda node: [node.func, *node.args, *node.keywords],
    ast.Expr: lambda node: [node.value],
    ast.keyword: lambda node: [node.value],
    ast.Assign: lambda node: [*node.targets, node.value],
    ast.BinOp: lambda node: [node.left, node.right],
    ast.JoinedStr: lambda node: node.values,
    ast.List: lambda node: node.elts,
    ast.Tuple: lambda node: node.elts,
    ast.Subscript: lambda node: [node.value, node.slice],
}
"""Most nodes of a DAG file are of these kinds, besides those that have no parts; `parts_of` finds the same."""


def parts(node: ast.AST) -> list[ast.AST]:
    """The nodes right below `node`, without those that have no place in the text: operators, contexts."""
    of_kind = _OF_KIND.get(type(node))
    return of_kind(node) if of_kind else parts_of(node)


def parts_of(node: ast.AST) -> list[ast.AST]:
    """As `parts`, for a node of any kind."""
    found: list[ast.AST] = []
    for name in _FIELDS[type(node)]:
        value = getattr(node, name)
        if type(value) is list:
            found += value
        elif value is not None:
            found.append(value)
    return found if None not in found else [part for part in found if part is not None]


def names_in(node: ast.AST) -> Iterator[str]:
    """Every name that is read in `node`."""
    waiting = [node]
    for part in waiting:  # grows while it is walked
        if type(part) is ast.Name:
            if type(part.ctx) is ast.Load:
                yield part.id
        elif type(part) not in NO_PARTS:
            waiting += parts(part)
