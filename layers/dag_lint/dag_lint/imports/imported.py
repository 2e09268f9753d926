"""What an import of the DAG files showed, and what follows from it.

Whoever can import DAGs (a child process with Airflow, the push gate's sandbox) answers with an `ImportReport`. It can
add findings; nothing in it takes one away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from dag_lint.errors import LintFailedError
from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.tree import DagTree

IMPORT_SECONDS = 30.0
"""`[core] dagbag_import_timeout`. Source: https://airflow.apache.org/docs/apache-airflow/stable/configurations-ref.html"""

SLOW_IMPORT_SECONDS = 5.0
"""A file is imported again by every task that it holds, and by the DAG processor every half minute."""

WHY_CHARACTERS = 1000
"""As much of an exception's text is shown: it may hold all of a response, and what is in it is the DAG's choice."""

Outcome = Literal["imported", "failed", "timed_out", "crashed"]


@dataclass(frozen=True)
class ImportError_:  # noqa: N801 - ImportError is Python's
    """What the import raised: the exception's name, its text, and the line of the DAG file (1 where none is known)."""

    type: str
    message: str
    line: int = 1


@dataclass(frozen=True)
class Violation:
    """Something that a file may only do in a task, done while it was imported: `what` says it in words."""

    what: str
    line: int = 1


@dataclass(frozen=True)
class ImportedFile:
    """One DAG file's import."""

    path: str
    dag_ids: tuple[str, ...] = ()
    error: ImportError_ | None = None
    seconds: float = 0.0
    outcome: Outcome = "imported"
    violations: tuple[Violation, ...] = ()


@dataclass(frozen=True)
class ImportReport:
    """All imports, by path."""

    files: Mapping[str, ImportedFile]


Importer = Callable[[DagTree, Sequence[str]], ImportReport]


def findings_of(report: ImportReport, asked: Sequence[str]) -> Iterator[Finding]:
    """Raises `LintFailedError` unless the report speaks of each file asked for, under its own name."""
    missing = sorted(path for path in asked if path not in report.files or report.files[path].path != path)
    if missing:
        raise LintFailedError(
            f"the import said nothing of {len(missing)} of {len(asked)} files: {', '.join(missing[:5])}. "
            "Lint again; if it stays so, the sandbox is broken."
        )
    for path in asked:
        yield from _of_file(report.files[path])


def _of_file(file: ImportedFile) -> Iterator[Finding]:
    if file.outcome in ("timed_out", "crashed") or file.seconds > IMPORT_SECONDS:
        how = {"timed_out": "ran out of time", "crashed": "ended its process"}.get(file.outcome, "took too long")
        yield finding("FL302", file.path, _line(file), f"the import {how} after {file.seconds:.1f} s{_why(file)}")
    elif file.outcome == "failed" or file.error:
        yield finding("FL301", file.path, _line(file), f"the import failed{_why(file)}")
    elif file.seconds > SLOW_IMPORT_SECONDS:
        yield finding("FL303", file.path, 1, f"the import took {file.seconds:.1f} s")
    for violation in file.violations:
        yield finding("FL304", file.path, violation.line, f"the import {violation.what}")


def _line(file: ImportedFile) -> int:
    return max(1, file.error.line) if file.error else 1


def _why(file: ImportedFile) -> str:
    return f": {file.error.type}: {file.error.message}"[:WHY_CHARACTERS] if file.error else ""
