"""FL211: templates that Jinja cannot parse."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import Module

from .reading import Reading
from .template_files import location, reachable, template_file_names

NO_TEMPLATES = frozenset(
    {
        *("task_id", "task_display_name", "owner", "doc", "doc_md", "doc_json", "doc_yaml", "doc_rst", "description"),
        *("trigger_rule", "pool", "queue", "email", "python_callable", "group_id", "map_index_template"),
    }
)
"""Fields that no operator renders."""

_PLAIN = re.compile(r"(?<!\{)\{\{\s*(?!not\b)[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*\s*\}\}")
"""`{{ ds }}`, `{{ params.table }}`: nothing can be wrong with these, and most templates have no others. Jinja takes a tenth
of the lint's time otherwise.
"""


@cache
def _parser() -> Callable[[str], tuple[str, int] | None]:
    from jinja2 import Environment, TemplateSyntaxError  # noqa: PLC0415  # a quarter of a process's start, seldom asked

    # With the extension that Airflow gives to its templates; nothing is rendered here, so nothing needs escaping.
    environment = Environment(extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701

    def mistake(text: str) -> tuple[str, int] | None:
        try:
            environment.parse(text)
        except TemplateSyntaxError as error:
            return f"{error.message or 'broken template'}", error.lineno
        except RecursionError:
            return "it is nested too deeply", 1
        except ValueError as error:  # as of a number of too many digits
            return str(error), 1
        return None

    return mistake


def broken_templates(reading: Reading) -> Iterator[Finding]:
    """Texts in the arguments of tasks, and the template files that they name."""
    module = reading.module
    if module.given("jinja_environment_kwargs"):
        return
    for call in module.task_calls:
        for keyword in call.keywords:
            if keyword.arg and keyword.arg not in NO_TEMPLATES:
                for text, node in _texts(module, keyword.value):
                    mistake = template_mistake(text)
                    if mistake:
                        yield finding("FL211", module.path, node.lineno, f"{keyword.arg}: {mistake[0]}")
    for name, _ in template_file_names(module):
        path = location(module, name)
        content = reading.text_of(path) if reachable(name) else None
        mistake = template_mistake(content.decode(errors="replace")) if content else None
        if mistake:
            yield finding("FL211", path, mistake[1], mistake[0])


def template_mistake(text: str) -> tuple[str, int] | None:
    """What Jinja says of a template that it cannot parse, and the line; None for a good one."""
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return None
    rest = _PLAIN.sub("", text)
    if "{{" not in rest and "{%" not in rest and "{#" not in rest:
        return None
    return _parser()(text)


def _texts(module: Module, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            for part in parts:
                yield from _texts(module, part)
        case ast.Dict(values=values):
            for value in values:
                yield from _texts(module, value)
        case ast.Call() | ast.Lambda():
            return
        case _:
            text = module.literal(node)
            if isinstance(text, str):
                yield text, node
