"""What the rules about the whole folder need of each file, small enough to cross from one process to another."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from .dag_module import DagDefinition, Module
from .import_time import ImportTime

_BRANCHES_AND_LOOPS = (
    *(ast.If, ast.IfExp, ast.Try, ast.TryStar, ast.Match),
    *(ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


@dataclass(frozen=True)
class FileFacts:
    """One Python file's DAGs."""

    dags: tuple[tuple[str, int], ...] = ()
    """Ids that are written out, of DAGs that an import makes, with their lines."""
    sure_dags: tuple[tuple[str, int], ...] = ()
    """Those of them that are made in any case, and once: not in a branch or loop."""
    makes_dags: bool = False
    """Whether an import makes any DAG that the text shows."""
    unmade: tuple[tuple[str, int, str], ...] = ()
    """DAGs that no import of this file makes or keeps: name, line, why."""
    factories: frozenset[str] = frozenset()
    """Functions and classes in which DAGs are made."""
    imported: frozenset[str] = frozenset()
    """Full names of what the file imports."""
    called: tuple[tuple[str, int], ...] = field(default=())
    """Full names of what an import of the file calls, with the line."""

    def to_json(self) -> dict[str, Any]:
        """As `facts_from_json` reads it."""
        return {
            "dags": self.dags,
            "sure_dags": self.sure_dags,
            "makes_dags": self.makes_dags,
            "unmade": self.unmade,
            "factories": sorted(self.factories),
            "imported": sorted(self.imported),
            "called": self.called,
        }


def facts_from_json(fields: dict[str, Any]) -> FileFacts:
    """Raises `KeyError` or `TypeError` for anything that `to_json` did not write."""
    return FileFacts(
        dags=tuple((str(name), int(line)) for name, line in fields["dags"]),
        sure_dags=tuple((str(name), int(line)) for name, line in fields["sure_dags"]),
        makes_dags=bool(fields["makes_dags"]),
        unmade=tuple((str(name), int(line), str(why)) for name, line, why in fields["unmade"]),
        factories=frozenset(map(str, fields["factories"])),
        imported=frozenset(map(str, fields["imported"])),
        called=tuple((str(name), int(line)) for name, line in fields["called"]),
    )


def module_name(path: str) -> str:
    """By which name other files of the DAG folder import this one."""
    name = path.rpartition(".")[0].replace("/", ".")
    return name.removesuffix(".__init__")


def facts_of(module: Module, import_time: ImportTime) -> FileFacts:
    """The facts of a parsed file."""
    made, unmade = [], []
    for dag in module.dags:
        why = _why_unmade(module, import_time, dag)
        if why:
            unmade.append((dag.dag_id or "a DAG", dag.line, why))
        elif import_time.runs(dag.node):
            made.append(dag)
    named = [dag for dag in made if dag.dag_id is not None]
    modules = {full.rpartition(".")[0] for full in module.imported}
    return FileFacts(
        dags=tuple((str(dag.dag_id), dag.line) for dag in named),
        sure_dags=tuple((str(dag.dag_id), dag.line) for dag in named if not _in_branch_or_loop(module, dag.node)),
        makes_dags=bool(made),
        unmade=tuple(unmade),
        factories=frozenset(name for dag in module.dags for name in _enclosing(module, dag)),
        imported=frozenset(module.imported | modules),
        called=_called(module, import_time),
    )


def _called(module: Module, import_time: ImportTime) -> tuple[tuple[str, int], ...]:
    names = ((module.qualified(node.func), node.lineno) for node in import_time.calls)
    return tuple(dict.fromkeys((name, line) for name, line in names if "." in name))


def _why_unmade(module: Module, import_time: ImportTime, dag: DagDefinition) -> str | None:
    """Why no import makes the DAG, or why Airflow does not find it; None if neither.

    A function that gives back something is taken for one that makes DAGs for others.
    """
    if not import_time.runs(dag.node) and _gives_back(module, dag.node):
        return None
    if isinstance(dag.node, ast.FunctionDef | ast.AsyncFunctionDef):
        name = dag.node.name
        return None if name in import_time.names else f"nothing calls {name}() when the file is imported"
    if not import_time.runs(dag.node):
        return "it is made in code that no import runs"
    parent = module.parents.get(dag.node)
    if isinstance(parent, ast.Expr) and not isinstance(module.parents.get(parent), ast.With):
        return "it is neither kept in a variable nor used with `with`"
    return None


def _gives_back(module: Module, node: ast.AST) -> bool:
    function = module.body_of(node)
    body = module.bodies[function] if isinstance(function, ast.FunctionDef) else []
    return any(isinstance(part, ast.Return) and part.value is not None for part in body)


def _enclosing(module: Module, dag: DagDefinition) -> list[str]:
    names = [dag.node.name] if isinstance(dag.node, ast.FunctionDef | ast.AsyncFunctionDef) else []
    node: ast.AST | None = module.parents.get(dag.node)
    while node is not None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        node = module.parents.get(node)
    return names


def _in_branch_or_loop(module: Module, start: ast.AST) -> bool:
    node = module.parents.get(start)
    while node is not None:
        if isinstance(node, _BRANCHES_AND_LOOPS):
            return True
        node = module.parents.get(node)
    return False
