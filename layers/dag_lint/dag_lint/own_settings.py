"""The tree's own `.farflow-lint.toml`: it makes exceptions only once it is deployed, and must be readable before."""

from __future__ import annotations

from collections.abc import Iterator

from .allowed import FILE_NAME, allowed_by
from .errors import LintError
from .finding import Finding
from .import_request import given
from .rules import finding
from .tree import DagTree


def unreadable_settings(tree: DagTree) -> Iterator[Finding]:
    """FL108."""
    try:
        allowed_by(tree)
        given(tree)
    except LintError as error:
        yield finding("FL108", FILE_NAME, 1, str(error.__cause__ or error) or type(error.__cause__).__name__)
