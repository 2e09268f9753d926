"""The child process that parses DAG files: hostile text can end it, but not the lint.

Reads one JSON request from each line of its input and answers each with one line; `readers` is the other end.
"""

from __future__ import annotations

import ast
import gc
import importlib.util
import json
import resource
import sys
import warnings
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from dag_lint.dag_rules import CHECKS, Reading
from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.dag_module import Module
from dag_lint.syntax.file_facts import facts_of
from dag_lint.tree import is_published

MEMORY_BYTES = 512 * 1024**2
"""Of one child; there is one for each processor, beside the lint itself."""

CPU_SECONDS = 10
CALLS_DEEP = 10_000
"""A chain of a thousand tasks is long, but no mistake."""


def main() -> None:
    """Answer until there is no more to read.

    The first line says where the folder's files lie on disk, by path; each further one which of them to read, by number.
    It says that it is ready once it is, so that a lint that cannot work at all is not blamed on the first file.
    """
    limit_resources()
    gc.disable()  # syntax trees have no cycles, and looking for some takes a third of the time
    sys.setrecursionlimit(CALLS_DEEP)
    warnings.simplefilter("ignore")  # doubtful escapes and comparisons are Ruff's to report
    if importlib.util.find_spec("jinja2") is None:  # loaded late, and then it would be a file's fault
        raise ModuleNotFoundError("No module named 'jinja2'")
    places: dict[str, str] = json.loads(sys.stdin.readline())
    paths = list(places)
    answer({"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        allow_cpu(CPU_SECONDS)
        answer(read(paths[request["file"]], places, is_dag_file=request["is_dag_file"]))


def answer(fields: dict[str, Any]) -> None:
    """One line to whoever asked."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def limit_resources() -> None:
    """No more memory than a parser needs, no files written, no core dumped."""
    # macOS counts what every process shares, and refuses so little; there it is the developer's own machine.
    with suppress(ValueError) if sys.platform == "darwin" else nullcontext():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_cpu(seconds: int) -> None:
    """Allow this much more processor time; beyond it the kernel ends the process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + 1 + seconds, hard))


def read(path: str, places: dict[str, str], *, is_dag_file: bool) -> dict[str, Any]:
    """`{"findings": [...], "facts": {...} or None, "asked_for": [...]}`.

    Facts are None for a file that does not compile; `asked_for` are paths of other files. Where memory is short, the
    `MemoryError` ends the process: it depends on what was read before, and is no fact about the file.
    """
    asked_for: set[str] = set()

    def text_of(other: str) -> bytes | None:
        asked_for.add(other)
        return _text(places.get(other)) if is_published(other) else None

    source = Path(places[path]).read_bytes()
    try:
        tree = ast.parse(source)
        compile(tree, path, "exec", dont_inherit=True)
        module = Module(path, source, tree)
        reading = Reading(module, text_of)
        facts = facts_of(module, reading.import_time)
        findings = [found for check in CHECKS for found in check(reading)] if is_dag_file else []
    except SyntaxError as error:
        return _refused(finding("FL105", path, max(1, error.lineno or 1), f"{error.msg}"), asked_for)
    except RecursionError:
        return _refused(finding("FL105", path, 1, "it is nested too deeply to be compiled"), asked_for)
    except MemoryError as error:
        if not str(error).startswith("Parser stack overflowed"):
            raise
        return _refused(finding("FL105", path, 1, "it is nested too deeply to be parsed"), asked_for)
    except ValueError as error:
        return _refused(finding("FL105", path, 1, f"Python cannot read it: {error}"), asked_for)
    rows = [list(vars(found).values()) for found in findings]
    return {"findings": rows, "facts": facts.to_json(), "asked_for": sorted(asked_for)}


def _refused(found: Finding, asked_for: set[str]) -> dict[str, Any]:
    return {"findings": [list(vars(found).values())], "facts": None, "asked_for": sorted(asked_for)}


def _text(place: str | None) -> bytes | None:
    return Path(place).read_bytes() if place else None
