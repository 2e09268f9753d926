"""Which files Airflow does not look for DAGs in: `.airflowignore`, in its `glob` syntax, as Airflow reads it."""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pathspec.patterns.gitignore import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from dag_lint.finding import Finding
from dag_lint.rules import finding

from .ignored import FILE_NAME, IgnoredFiles


@dataclass(frozen=True)
class _Rule:
    pattern: GitIgnoreSpecPattern
    base: str | None
    """The folder that the pattern is relative to; None for one that matches a name in any folder."""
    folders_only: bool


def main() -> None:
    """The child of `ignored`: texts of the patterns by path come in, empty for other files; what is ignored goes out."""
    request: dict[str, str] = json.load(sys.stdin)
    found = ignored_files({path: text.encode() for path, text in request.items()})
    findings = [list(vars(each).values()) for each in found.findings]
    json.dump({"ignored": sorted(found.ignored), "findings": findings}, sys.stdout)


def ignored_files(contents: Mapping[str, bytes]) -> IgnoredFiles:
    """Follows `airflow._shared.module_loading.file_discovery`.

    The rules of a folder hold below it, the last match wins, and what lies in an ignored folder is ignored with it.
    """
    findings: list[Finding] = []
    rules: dict[str, list[_Rule]] = {}
    ignored_folders: dict[str, bool] = {"": False}

    def rules_in(folder: str) -> list[_Rule]:
        if folder not in rules:
            inherited = list(rules_in(posixpath.dirname(folder))) if folder else []
            path = posixpath.join(folder, FILE_NAME)
            own = list(_read(path, folder, contents[path], findings)) if path in contents else []
            rules[folder] = inherited + own
        return rules[folder]

    def is_ignored_folder(folder: str) -> bool:
        if folder not in ignored_folders:
            parent = posixpath.dirname(folder)
            ignored_folders[folder] = is_ignored_folder(parent) or _matches(folder, rules_in(parent), is_folder=True)
        return ignored_folders[folder]

    ignored = set()
    for path in contents:
        folder = posixpath.dirname(path)
        if is_ignored_folder(folder) or (
            posixpath.basename(path) != FILE_NAME and _matches(path, rules_in(folder), is_folder=False)
        ):
            ignored.add(path)
    return IgnoredFiles(frozenset(ignored), tuple(findings))


def _read(path: str, folder: str, content: bytes, findings: list[Finding]) -> Iterator[_Rule]:
    lines = re.split(r"\r\n?|\n", content.decode(errors="replace"))  # as a file opened as text has them
    for number, line in enumerate(lines, start=1):
        pattern = re.sub(r"\s*#.*", "", line)
        if not pattern or pattern.strip() == "/":
            continue
        inner = "/" in pattern.rstrip("/")
        stripped = pattern.lstrip("!").rstrip()
        try:
            compiled = GitIgnoreSpecPattern(pattern)
        except GitIgnorePatternError as error:
            findings.append(finding("FL107", path, number, str(error)))
            continue
        yield _Rule(compiled, folder if inner else None, folders_only=stripped.endswith("/"))


def _matches(path: str, rules: list[_Rule], *, is_folder: bool) -> bool:
    matched = False
    for rule in rules:
        if rule.folders_only and not is_folder:
            continue
        relative = posixpath.basename(path) if rule.base is None else posixpath.relpath(path, rule.base or ".")
        name = f"{relative}/" if is_folder else relative
        if rule.pattern.include is not None and rule.pattern.match_file(name) is not None:
            matched = rule.pattern.include
    return matched
