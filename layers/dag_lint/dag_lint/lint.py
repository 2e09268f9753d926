"""The lint: a tree of DAGs goes in, a verdict with its reasons comes out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .airflowignore.ignored import ignored_in_time
from .each_file.check import found_in_each
from .each_file.found_file import FoundFile
from .each_file.known_files import KnownFiles
from .each_file.limiting import limited
from .each_file.ruff_rules import Ruff
from .exceptions.allowed import FILE_NAME, NOTHING, Allowed
from .exceptions.noqa import excepted
from .exceptions.own_settings import unreadable_settings
from .exceptions.ratchet import Baseline, ratcheted
from .finding import Finding, Verdict, verdict_of
from .gates import Refusal, is_python, refusals
from .imports.imported import Importer, ImportReport, findings_of
from .rules import finding
from .tree import DagTree, is_published
from .whole_tree import duplicate_dags, skipped_files, unmade_dags


@dataclass(frozen=True)
class Report:
    """What the lint found, in order of path, line and rule."""

    findings: tuple[Finding, ...]
    files: int
    """How many Python files were read."""
    dag_files: int
    imported: bool
    """Whether the DAG files were imported too; without that, the verdict is of the static rules alone."""
    in_the_way: str = ""
    """The file that must be mended before anything is imported, where an import was asked for and not made."""
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
    known: KnownFiles | None = None,
    anew: bool = False,
) -> Report:
    """Lint the whole tree, for two files that are good can be bad together.

    What a gate refuses is given to no parser. What is found in a file by itself is remembered in `known`, and found
    `anew` where that is asked for. `importer` is asked only when every file is one that Python compiles. Raises `LintFailedError` if there can be no verdict: a tool that did not do its work is never a pass.
    """
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

    files = found_in_each(contents, python_files, dag_files, ruff, known, anew=anew)
    findings += [found for file in files.values() for found in file.findings]
    report = None
    broken = [path for path, file in files.items() if not file.compiles]
    in_the_way = [*(refusal.path for refusal in refused), *(found.path for found in unreadable_own), *broken]
    if importer and not in_the_way:
        asked = sorted(path for path in dag_files if is_published(path))
        report = importer(_importable(tree), asked)
        findings += findings_of(report, asked)
    findings += _whole_tree(tree, files, dag_files, contents, report)
    told = _report(tree, findings, baseline, allowed, files=files, dag_files=dag_files, imports=report)
    return dataclasses.replace(told, in_the_way=in_the_way[0]) if importer and in_the_way else told


def _whole_tree(
    tree: DagTree,
    files: Mapping[str, FoundFile],
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
    files: Mapping[str, FoundFile] | None = None,
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


def _dag_ids(path: str, files: Mapping[str, FoundFile], imports: ImportReport | None) -> tuple[str, ...]:
    file = files.get(path)
    shown = {name for name, _ in file.facts.dags} if file and file.facts else set()
    found = set(imports.files[path].dag_ids) if imports and path in imports.files else set()
    return tuple(sorted(shown | found))


def _importable(tree: DagTree) -> DagTree:
    """What a release would hold, as its files will see it, and the settings of the import."""
    return DagTree({path: entry for path, entry in tree.items() if is_published(path) or path == FILE_NAME})


def _accepted(tree: DagTree, refused: set[str]) -> dict[str, bytes]:
    return {path: entry.content for path, entry in tree.items() if path not in refused and entry.content is not None}


def _refusal_finding(refusal: Refusal) -> Finding:
    return finding(refusal.rule, refusal.path, refusal.line, refusal.message)
