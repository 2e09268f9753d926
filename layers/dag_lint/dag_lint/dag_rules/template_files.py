"""FL210: template files that are not there."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import Module

from .reading import Reading

SUFFIXES = {
    "bash_command": (".sh", ".bash"),
    "sql": (".sql", ".hql"),
    "hql": (".hql", ".sql"),
    "html_content": (".html",),
}
"""Fields whose text Airflow takes for a file's name when it ends so: the operators' `template_ext`."""


def missing_template_files(reading: Reading) -> Iterator[Finding]:
    """Names that are written out in a file that makes a DAG, unless `template_searchpath` sends Airflow elsewhere."""
    module = reading.module
    for name, node in template_file_names(module):
        if reading.text_of(location(module, name)) is None or not reachable(name):
            yield finding("FL210", module.path, node.lineno, _message(module, name))


def template_file_names(module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Every file that a task's field names, as it is written."""
    if not module.dags or module.given("template_searchpath"):
        return
    for field, suffixes in SUFFIXES.items():
        for given in (value for call, value in module.given(field) if call in module.operators):
            parts = given.elts if isinstance(given, ast.List | ast.Tuple) else [given]
            for part in parts:
                name = module.literal(part)
                if isinstance(name, str) and name.endswith(suffixes):
                    yield name, part


def location(module: Module, name: str) -> str:
    """Where Airflow looks: below the DAG file's folder, whether or not the name begins with `/`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(module.path), name.lstrip("/")))


def reachable(name: str) -> bool:
    """Jinja refuses to leave its folder. Source: `jinja2.loaders.split_template_path`."""
    return ".." not in name.split("/")


def _message(module: Module, name: str) -> str:
    if not reachable(name):
        return f"{name!r} leads out of the DAG file's folder, where Airflow does not look"
    return f"Airflow takes {name!r} for a file, and there is no {location(module, name)!r} in the DAG folder"
