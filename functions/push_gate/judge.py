"""Judges a DAG folder: what the lint finds in it, as far as the deploy branch makes no exception."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dag_lint.each_file.known_files import KnownFiles
from dag_lint.errors import LintError
from dag_lint.exceptions.allowed import allowed_by
from dag_lint.exceptions.ratchet import Baseline, baseline_of, ratcheted
from dag_lint.finding import Finding, Verdict, verdict_of
from dag_lint.imports.imported import Importer
from dag_lint.lint import lint
from dag_lint.rules import finding

from .commit_tree import TooLarge
from .dag_folder import DagFolder
from .findings_cache import FindingsCache


@dataclass(frozen=True)
class Judged:
    """`findings` in the lint's order. `imported` is False for who is not trusted, and where there was nothing to."""

    findings: tuple[Finding, ...]
    imported: bool
    cached: bool
    not_excepting: str = ""
    """Why the deploy branch made no exceptions, though it has something that might; empty where it did as it should."""

    @property
    def verdict(self) -> Verdict:
        """`fail` as soon as one finding blocks."""
        return verdict_of(self.findings)


UNSTEADY = frozenset({"FL106", "FL107", "FL302", "FL303"})
"""Rules that a busy machine can make a finding of: another look may have none."""


class Judge:
    """`importer` is given a folder's id, and asked for what is trusted alone, as `known` is."""

    def __init__(self, cache: FindingsCache, importer: Callable[[str], Importer], known: KnownFiles) -> None:
        self._cache = cache
        self._importer = importer
        self._known = known

    def judge(self, folder: DagFolder | TooLarge, deployed: DagFolder, *, trusted: bool, anew: bool = False) -> Judged:
        """`deployed` is what the deploy branch had when it last passed: it alone can make exceptions.

        `anew` looks again at what was judged before.

        Raises `dag_lint.errors.LintError` where there can be no verdict. One of `deployed` is no reason: without its
        exceptions the push that mends it can still pass.
        """
        if isinstance(folder, TooLarge):
            return Judged((finding("FL103", "", 1, folder.reason),), imported=False, cached=False)
        found, cached = self._found(folder, trusted, anew)
        not_excepting = ""
        try:
            allowed, baseline = allowed_by(deployed.tree), self._baseline(deployed, trusted, anew)
        except LintError as error:
            not_excepting = str(error)
        else:
            found = ratcheted(allowed.applied(found), folder.tree, baseline)
        return Judged(tuple(sorted(found)), imported=trusted, cached=cached, not_excepting=not_excepting)

    def _baseline(self, deployed: DagFolder, trusted: bool, anew: bool) -> Baseline:
        known, _ = self._found(deployed, trusted, anew)
        return baseline_of(known, deployed.tree)

    def _found(self, folder: DagFolder, trusted: bool, anew: bool) -> tuple[list[Finding], bool]:
        """Before any exception, and whether that was known."""
        if not folder.tree:
            return [], False
        known = None if anew else self._cache.read(folder.id, imported=trusted)
        if known is not None:
            return known, True
        report = lint(
            folder.tree,
            importer=self._importer(folder.id) if trusted else None,
            known=self._known if trusted else None,
            anew=anew,
        )
        if not any(found.rule in UNSTEADY for found in report.findings):
            self._cache.write(folder.id, report.findings, imported=trusted)
        return list(report.findings), False
