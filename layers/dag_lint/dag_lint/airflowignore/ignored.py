"""Asks a child process which files are ignored: a pattern of `.airflowignore` can take a regular expression for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from dag_lint.errors import LintFailedError
from dag_lint.finding import Finding
from dag_lint.rules import finding

FILE_NAME = ".airflowignore"
SECONDS = 10.0
_START = "import sys; sys.path[:0] = sys.argv[1:]; from dag_lint.airflowignore.patterns import main; main()"


@dataclass(frozen=True)
class IgnoredFiles:
    """`ignored` are paths; `findings` speak of patterns with which Airflow would find no DAG at all."""

    ignored: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = field(default=())


def ignored_in_time(contents: Mapping[str, bytes]) -> IgnoredFiles:
    """`ignored_files`; a folder whose patterns take longer than `SECONDS` has a finding instead, which blocks.

    Airflow would match the same patterns, in the DAG processor. Raises `LintFailedError` if the child fails otherwise.
    """
    patterns = {path: content for path, content in contents.items() if path.rpartition("/")[2] == FILE_NAME}
    if not patterns:
        return IgnoredFiles()
    request = {path: patterns.get(path, b"").decode(errors="replace") for path in contents}
    paths = [entry for entry in sys.path if entry]  # where this process found the packages
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _START, *paths],
            input=json.dumps(request).encode(),
            capture_output=True,
            timeout=SECONDS,
            env={"PATH": os.defpath},
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        message = f"the folder's patterns were not matched within {SECONDS:.0f} s"
        return IgnoredFiles(findings=tuple(finding("FL107", path, 1, message) for path in sorted(patterns)))
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise LintFailedError(f"the process that reads {FILE_NAME} failed: {said}")
    answer = json.loads(done.stdout)
    return IgnoredFiles(frozenset(answer["ignored"]), tuple(Finding(*fields) for fields in answer["findings"]))
