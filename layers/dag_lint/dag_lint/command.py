"""`farflow-lint PATH...`: the push gate's verdict before the push.

Exit status: 0 the DAGs pass, 1 a finding blocks, 2 the lint itself failed and there is no verdict.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .each_file.known_files import KnownFiles
from .errors import LintError
from .exceptions.allowed import NOTHING, Allowed, allowed_by
from .exceptions.ratchet import Baseline, baseline_of
from .gates import FILE_BYTES
from .imports.airflow_python import airflow_python
from .imports.imported import Importer
from .imports.local_importer import local_importer
from .lint import Report, lint
from .pages import page_of
from .report import FORMATS, joined, of_file, placed
from .rules import rule_of
from .tree import read_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Lint each folder as a DAG folder of its own, a file as one of the folder that it lies in. One report of all."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.explain:
        return _explain(options.explain)
    if not options.paths:
        parser.error("which folder? For example: farflow-lint dags")
    try:
        known = None if options.no_cache else _known_files()
        allowed, baseline = _deployed(options.deployed, known)
        importer = None if options.static_only else local_importer(airflow_python(options.python, Path.cwd()))
        report = joined([_linted(path, importer, baseline, allowed, known) for path in options.paths])
    except (LintError, OSError) as error:
        print(f"farflow-lint: {error}", file=sys.stderr)
        return 2
    print(FORMATS[options.format](report))
    return 1 if report.verdict == "fail" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("farflow-lint", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a DAG folder, linted as a whole; or a file, of which alone is told what its whole folder is linted for",
    )
    parser.add_argument("--format", choices=sorted(FORMATS), default="text")
    parser.add_argument("--static-only", action="store_true", help="do not import the DAGs")
    parser.add_argument(
        "--python", type=Path, metavar="PATH", help="a Python that has Airflow, to import the DAGs with"
    )
    parser.add_argument(
        "--deployed",
        type=Path,
        metavar="FOLDER",
        help="the DAG folder as the deploy branch has it: its allow-list holds, and what it has already only warns",
    )
    parser.add_argument(
        "--no-cache", action="store_true", help="look at files anew that were looked at before and have not changed"
    )
    parser.add_argument("--explain", metavar="CODE", help="what a rule is about, and how to mend it")
    return parser


def _explain(code: str) -> int:
    try:
        print(page_of(rule_of(code)), end="")
    except KeyError:
        print(f"farflow-lint: there is no rule {code}", file=sys.stderr)
        return 2
    return 0


def _known_files() -> KnownFiles | None:
    """In the caller's cache folder; None for a caller who has none.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    try:
        caches = Path(given) if given.startswith("/") else Path("~/.cache").expanduser()
    except RuntimeError:  # a user without a home
        return None
    return KnownFiles(caches / "farflow-lint" / "known_files.sqlite")


def _deployed(folder: Path | None, known: KnownFiles | None) -> tuple[Allowed, Baseline | None]:
    if folder is None:
        return NOTHING, None
    tree = read_folder(folder, FILE_BYTES)
    return allowed_by(tree), baseline_of(lint(tree, known=known).findings, tree)


def _linted(
    path: Path, importer: Importer | None, baseline: Baseline | None, allowed: Allowed, known: KnownFiles | None
) -> Report:
    """With paths as whoever called would write them."""
    folder = path.parent if path.is_file() else path
    tree = read_folder(folder, FILE_BYTES)
    report = lint(tree, importer=importer, baseline=baseline, allowed=allowed, known=known)
    return placed(report if folder == path else of_file(report, path.name), folder.as_posix())
