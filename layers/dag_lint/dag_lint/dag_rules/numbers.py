"""FL212: numbers of retries and pool slots that make no sense."""

from __future__ import annotations

from collections.abc import Iterator

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import keyword_of

from .reading import Reading

LEAST = {"retries": 0, "pool_slots": 1}


def numbers_out_of_range(reading: Reading) -> Iterator[Finding]:
    """Numbers that are written out, of tasks and in `default_args`."""
    module = reading.module
    for name, least in LEAST.items():
        given = [keyword_of(call, name) for call in module.task_arguments]
        given += [entries.get(name) for entries in module.default_arguments]
        for node in given:
            value = module.literal(node)
            if node is not None and isinstance(value, int | float) and value < least:
                yield finding("FL212", module.path, node.lineno, f"{name}={value} is less than {least}")
