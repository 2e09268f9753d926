"""FL221 and FL222: DAGs that nobody can be asked about, and that a lost connection fails."""

from __future__ import annotations

from collections.abc import Iterator

from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import keyword_of, unpacks

from .reading import Reading


def unowned_dags(reading: Reading) -> Iterator[Finding]:
    """Says nothing of a DAG whose arguments are put together elsewhere."""
    module = reading.module
    retried = any(keyword_of(call, "retries") is not None for call in module.task_arguments)
    for dag in module.dags:
        if dag.arguments is not None and unpacks(dag.arguments):
            continue
        name = dag.dag_id or "the DAG"
        if dag.arguments is None or keyword_of(dag.arguments, "tags") is None:
            yield finding("FL221", module.path, dag.line, f"{name} has no tags")
        defaults = keyword_of(dag.arguments, "default_args") if dag.arguments else None
        entries = module.dictionary(defaults)
        unknown = defaults is not None and entries is None
        if not (retried or unknown or "retries" in (entries or {})):
            yield finding("FL222", module.path, dag.line, f"{name} sets no retries")
