"""What is found in each Python file of a folder by itself: by the lint's own rules and by Ruff's."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from dag_lint.errors import LintFailedError
from dag_lint.finding import Finding
from dag_lint.rules import finding, rule_of
from dag_lint.tree import DagTree, tree_of

from .found_file import FoundFile
from .known_files import KnownFiles
from .limiting import limited
from .readers import Readers, ReadFile
from .ruff_rules import Ruff, RuffMessage, installed_ruff

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it has a name that nobody can know
"""A file system in memory, where Linux has one. Source: https://man7.org/linux/man-pages/man7/shm_overview.7.html"""

ROOM_BYTES = 4096
"""What a file may take there besides its content."""


def found_in_each(
    contents: Mapping[str, bytes],
    python_files: Sequence[str],
    dag_files: Collection[str],
    ruff: Ruff | None = None,
    known: KnownFiles | None = None,
    *,
    anew: bool = False,
) -> dict[str, FoundFile]:
    """By path, for each of `python_files`. `contents` are all files of the folder that no gate refused.

    Rules about DAGs are asked of `dag_files` only. What `known` has is not looked at again, but where `anew` is asked for: then it is
    what is known from now on. Raises `LintFailedError`.
    """
    is_dag_file = {path: path in dag_files for path in python_files}
    found = known.known(contents, is_dag_file) if known and not anew else {}
    unknown = [path for path in python_files if path not in found]
    if unknown:
        new = _looked_at(contents, unknown, frozenset(dag_files), ruff or installed_ruff())
        if known:
            known.keep(contents, is_dag_file, {path: file for path, file in new.items() if file.complete})
        found |= new
    return found


def _looked_at(
    contents: Mapping[str, bytes], paths: Sequence[str], dag_files: frozenset[str], ruff: Ruff
) -> dict[str, FoundFile]:
    with (
        Readers(len(paths)) as readers,
        tempfile.TemporaryDirectory(prefix="dag-lint-", dir=_room_in_memory(contents)) as folder,
    ):
        tree, places = tree_of(contents), _laid_out(contents, Path(folder))
        read = {file.path: _of_reader(file, tree) for file in readers.read(places, paths, dag_files)}
        missing = sorted(set(paths) - set(read))
        if missing:
            raise LintFailedError(f"{len(missing)} of {len(paths)} files were not read: {', '.join(missing[:5])}")
        for path, messages in ruff.check({path: places[path] for path, file in read.items() if file.compiles}):
            read[path] = _with_ruff(read[path], path, messages, tree)
    return read


def _of_reader(file: ReadFile, tree: DagTree) -> FoundFile:
    return FoundFile(tuple(limited(file.findings, tree)), file.facts, file.answered, file.asked_for)


def _with_ruff(file: FoundFile, path: str, messages: list[RuffMessage] | None, tree: DagTree) -> FoundFile:
    if messages is None:
        crashed = finding("FL106", path, 1, "ruff crashed or hung on the file, or found too much")
        return dataclasses.replace(file, findings=(*file.findings, crashed), complete=False)
    # cut short at once: all of all files may be more than fits into memory
    told = limited([_ruff_finding(path, message) for message in messages], tree)
    return dataclasses.replace(file, findings=(*file.findings, *told))


def _ruff_finding(path: str, message: RuffMessage) -> Finding:
    """A syntax error has no code of Ruff's: it is the same as what Python says of it."""
    code = message.code or "FL105"
    try:
        rule_of(code)
    except KeyError as error:
        raise LintFailedError(f"ruff speaks of {code}, which docs/rules does not know. Use the pinned ruff.") from error
    found = finding(code, path, message.line, message.message, message.mend)
    return dataclasses.replace(found, severity="warn") if message.doubtful else found


def _laid_out(contents: Mapping[str, bytes], folder: Path) -> dict[str, Path]:
    """The files under names of the lint's own: no name of theirs means anything to a tool.

    `__init__.py` keeps its name, because Ruff's rules are others there.
    """
    places = {}
    for number, (path, content) in enumerate(sorted(contents.items())):
        place = folder / f"{number}.py"
        if path.rpartition("/")[2] == "__init__.py":
            (folder / str(number)).mkdir()
            place = folder / str(number) / "__init__.py"
        place.write_bytes(content)
        places[path] = place
    return places


def _room_in_memory(contents: Mapping[str, bytes]) -> Path | None:
    """Where files that live for a second cost no disk's time; None where the machine has no such place, or no room."""
    try:
        room = os.statvfs(MEMORY)
    except OSError:
        return None
    wanted = sum(len(content) + ROOM_BYTES for content in contents.values())
    return MEMORY if os.access(MEMORY, os.W_OK) and room.f_bavail * room.f_frsize > 2 * wanted else None
