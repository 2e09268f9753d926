"""The lint: a tree of DAGs goes in, a verdict with its reasons comes out."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .allowed import FILE_NAME, NOTHING, Allowed
from .errors import LintFailedError
from .exceptions import excepted
from .finding import Finding, Verdict, verdict_of
from .gates import Refusal, is_python, refusals
from .ignoring import ignored_in_time
from .imported import Importer, ImportReport, findings_of
from .limiting import limited
from .own_settings import unreadable_settings
from .ratchet import Baseline, ratcheted
from .reading import Readers, ReadFile
from .ruff_rules import Ruff, RuffMessage, installed_ruff
from .rules import finding, rule_of
from .tree import DagTree, is_published
from .whole_tree import duplicate_dags, skipped_files, unmade_dags

MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it has a name that nobody can know
"""A file system in memory, where Linux has one. Source: https://man7.org/linux/man-pages/man7/shm_overview.7.html"""

ROOM_BYTES = 4096
"""What a file may take there besides its content."""


@dataclass(frozen=True)
class Report:
    """What the lint found, in order of path, line and rule."""

    findings: tuple[Finding, ...]
    files: int
    """How many Python files were read."""
    dag_files: int
    imported: bool
    """Whether the DAG files were imported too; without that, the verdict is of the static rules alone."""
    excepted: tuple[Finding, ...] = ()
    """What `# noqa: CODE` excepts."""
    dag_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The DAGs of each DAG file, as far as they are known."""

    @property
    def verdict(self) -> Verdict:
        """`fail` as soon as one finding blocks."""
        return verdict_of(self.findings)


def lint(
    tree: DagTree,
    *,
    importer: Importer | None = None,
    baseline: Baseline | None = None,
    allowed: Allowed = NOTHING,
    ruff: Ruff | None = None,
) -> Report:
    """Lint the whole tree, for two files that are good can be bad together.

    What a gate refuses is given to no parser. `importer` is asked only when every file is one that Python compiles.
    Raises `LintFailedError` if there can be no verdict: a tool that did not do its work is never a pass.
    """
    with Readers(sum(map(is_python, tree))) as readers:
        return _linted(tree, readers, importer, baseline, allowed, ruff or installed_ruff())


def _linted(
    tree: DagTree, readers: Readers, importer: Importer | None, baseline: Baseline | None, allowed: Allowed, ruff: Ruff
) -> Report:
    refused = list(refusals(tree))
    findings = [_refusal_finding(refusal) for refusal in refused]
    if any(not refusal.path for refusal in refused):
        return _report(tree, findings, baseline, allowed)
    contents = _accepted(tree, {refusal.path for refusal in refused})
    python_files = sorted(path for path in contents if is_python(path))
    ignored = ignored_in_time(contents)
    dag_files = frozenset(python_files) - ignored.ignored
    unreadable_own = list(unreadable_settings(tree))
    findings += [*ignored.findings, *unreadable_own]

    with tempfile.TemporaryDirectory(prefix="dag-lint-", dir=_room_in_memory(contents)) as folder:
        places = _laid_out(contents, Path(folder))
        files = {file.path: file for file in readers.read(places, python_files, dag_files)}
        _expect(python_files, files)
        findings += [found for file in files.values() for found in limited(file.findings, tree)]
        compiled = [path for path in python_files if files[path].facts is not None]
        unreadable = []
        for path, messages in ruff.check({path: places[path] for path in compiled}):
            if messages is None:
                unreadable.append(path)
            else:  # cut short at once: all of all files may be more than fits into memory
                findings += limited([_ruff_finding(path, message) for message in messages], tree)
    findings += [
        finding("FL106", path, 1, "ruff crashed or hung on the file, or found too much") for path in unreadable
    ]

    report = None
    if importer and not (refused or unreadable or unreadable_own) and len(compiled) == len(python_files):
        asked = sorted(path for path in dag_files if is_published(path))
        report = importer(_importable(tree), asked)
        findings += findings_of(report, asked)
    findings += _whole_tree(tree, files, dag_files, contents, report)
    return _report(tree, findings, baseline, allowed, files=files, dag_files=dag_files, imports=report)


def _whole_tree(
    tree: DagTree,
    files: Mapping[str, ReadFile],
    dag_files: frozenset[str],
    contents: Mapping[str, bytes],
    report: ImportReport | None,
) -> list[Finding]:
    facts = {path: file.facts for path, file in files.items() if file.facts is not None}
    of_dags = {path: each for path, each in facts.items() if path in dag_files}
    imported = {path: file.dag_ids for path, file in report.files.items()} if report else {}
    skipped = [found for found in skipped_files(facts, contents, imported) if found.path in dag_files]
    unmade = [found for found in unmade_dags(facts) if found.path in dag_files]
    duplicates: dict[str, list[Finding]] = {}
    for found in duplicate_dags(of_dags, imported):
        duplicates.setdefault(found.path, []).append(found)
    return [*(found for each in duplicates.values() for found in limited(each, tree)), *skipped, *unmade]


def _report(
    tree: DagTree,
    findings: Sequence[Finding],
    baseline: Baseline | None,
    allowed: Allowed,
    *,
    files: Mapping[str, ReadFile] | None = None,
    dag_files: frozenset[str] = frozenset(),
    imports: ImportReport | None = None,
) -> Report:
    kept, gone = excepted(sorted(set(findings)), tree)
    kept = allowed.applied(kept)
    if baseline:
        kept = ratcheted(kept, tree, baseline)
    return Report(
        findings=tuple(sorted(kept)),
        files=len(files or {}),
        dag_files=len(dag_files),
        imported=imports is not None,
        excepted=tuple(gone),
        dag_ids={path: _dag_ids(path, files or {}, imports) for path in sorted(dag_files)},
    )


def _dag_ids(path: str, files: Mapping[str, ReadFile], imports: ImportReport | None) -> tuple[str, ...]:
    file = files.get(path)
    shown = {name for name, _ in file.facts.dags} if file and file.facts else set()
    found = set(imports.files[path].dag_ids) if imports and path in imports.files else set()
    return tuple(sorted(shown | found))


def _importable(tree: DagTree) -> DagTree:
    """What a release would hold, as its files will see it, and the settings of the import."""
    return DagTree({path: entry for path, entry in tree.items() if is_published(path) or path == FILE_NAME})


def _accepted(tree: DagTree, refused: set[str]) -> dict[str, bytes]:
    return {path: entry.content for path, entry in tree.items() if path not in refused and entry.content is not None}


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
    """Where files that live for a second cost no disk's time; None where the machine has no such place or too little."""
    try:
        room = os.statvfs(MEMORY)
    except OSError:
        return None
    wanted = sum(len(content) + ROOM_BYTES for content in contents.values())
    return MEMORY if os.access(MEMORY, os.W_OK) and room.f_bavail * room.f_frsize > 2 * wanted else None


def _expect(paths: Sequence[str], files: Mapping[str, ReadFile]) -> None:
    missing = sorted(set(paths) - set(files))
    if missing:
        raise LintFailedError(f"{len(missing)} of {len(paths)} files were not read: {', '.join(missing[:5])}")


def _refusal_finding(refusal: Refusal) -> Finding:
    return finding(refusal.rule, refusal.path, refusal.line, refusal.message)


def _ruff_finding(path: str, message: RuffMessage) -> Finding:
    """A syntax error has no code of Ruff's: it is the same as what Python says of it."""
    code = message.code or "FL105"
    try:
        rule_of(code)
    except KeyError as error:
        raise LintFailedError(f"ruff speaks of {code}, which docs/rules does not know. Use the pinned ruff.") from error
    found = finding(code, path, message.line, message.message, message.mend)
    return dataclasses.replace(found, severity="warn") if message.doubtful else found
