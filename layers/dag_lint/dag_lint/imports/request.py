"""What is asked of `farflow.dag_import`, and what its reply is worth.

The reply comes from where code ran that nobody trusts: it is taken apart with care, and cut where it is long.
"""

from __future__ import annotations

import base64
import json
import lzma
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from dag_lint.errors import LintFailedError
from dag_lint.exceptions.allowed import FILE_NAME
from dag_lint.tree import DagTree

from .imported import IMPORT_SECONDS, ImportedFile, ImportError_, ImportReport, Outcome, Violation

GIVEN = ("variables", "connections", "environment")
"""Tables of `[import]` in `.farflow-lint.toml` of the tree itself: what its files may read while they are imported."""

LONGEST_TEXT = 1_000
MOST_VIOLATIONS = 20


def packed(tree: DagTree) -> str:
    """The content of all files but the lint's settings, as a request carries it: JSON in xz in base64."""
    texts = {
        path: entry.content.decode("utf-8", "surrogateescape")
        for path, entry in tree.items()
        if entry.content is not None and path != FILE_NAME
    }
    return base64.b64encode(lzma.compress(json.dumps(texts).encode(), preset=2)).decode()


def request(tree: DagTree, packed_tree: str, paths: Sequence[str]) -> dict[str, Any]:
    """To import `paths` of `tree`, which is `packed_tree`."""
    return {"tree": packed_tree, "imports": list(paths), "seconds_per_file": IMPORT_SECONDS, **given(tree)}


def given(tree: DagTree) -> dict[str, dict[str, str]]:
    """What the tree's `.farflow-lint.toml` gives its files to read, by `GIVEN`. Raises `LintFailedError` for settings that are none."""
    try:
        settings = tomllib.loads((tree.content(FILE_NAME) or b"").decode()).get("import", {})
        tables = {name: dict(settings.get(name, {})) for name in GIVEN}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise LintFailedError(f"{FILE_NAME}: {error}. See docs/lint.md.") from error
    wrong = [
        f"import.{name}.{key}" for name in GIVEN for key, text in tables[name].items() if not isinstance(text, str)
    ]
    if wrong:
        raise LintFailedError(f"{FILE_NAME}: {', '.join(wrong)} is no text. See docs/lint.md.")
    return tables


def report_of(replies: Sequence[Any], asked: Sequence[str]) -> ImportReport:
    """All replies as one. Raises `LintFailedError` for one that is none; whether each file is told of is for the caller."""
    files: dict[str, ImportedFile] = {}
    for reply in replies:
        try:
            told = [_imported(file) for file in reply["files"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LintFailedError(f"the import's reply cannot be read ({error!r}), so nothing is known.") from error
        files |= {file.path: file for file in told if file.path in set(asked)}
    return ImportReport(files)


def _imported(file: Mapping[str, Any]) -> ImportedFile:
    outcome: Outcome = file["outcome"]
    if outcome not in get_args(Outcome):
        raise ValueError(f"outcome {outcome!r}")
    error = file["error"]
    return ImportedFile(
        path=str(file["path"]),
        dag_ids=tuple(str(dag_id)[:LONGEST_TEXT] for dag_id in file["dag_ids"]),
        error=_error(error, file["stand_ins"]) if error else None,
        seconds=float(file["seconds"]),
        outcome=outcome,
        violations=tuple(
            Violation(str(violation["what"])[:LONGEST_TEXT], max(1, int(violation["line"])))
            for violation in file["violations"][:MOST_VIOLATIONS]
        ),
    )


def _error(error: Mapping[str, Any], stand_ins: Sequence[Any]) -> ImportError_:
    message = str(error["message"])[:LONGEST_TEXT]
    if stand_ins:  # it may be theirs, and then there is another way to mend it
        names = ", ".join(str(name) for name in stand_ins)[:LONGEST_TEXT]
        message += f" (it read what the lint has only stand-ins for: {names}; {FILE_NAME} can give values)"
    return ImportError_(str(error["type"])[:LONGEST_TEXT], message, max(1, int(error["line"])))
