"""The tree's own `.farflow-lint.toml`: it makes exceptions only once it is deployed, and must be readable before."""

from __future__ import annotations

from collections.abc import Iterator

from dag_lint.errors import LintError
from dag_lint.finding import Finding
from dag_lint.imports.request import given
from dag_lint.rules import finding
from dag_lint.tree import DagTree

from .allowed import FILE_NAME, allowed_by


def unreadable_settings(tree: DagTree) -> Iterator[Finding]:
    """FL108."""
    try:
        allowed_by(tree)
        given(tree)
    except LintError as error:
        yield finding("FL108", FILE_NAME, 1, str(error.__cause__ or error) or type(error.__cause__).__name__)
