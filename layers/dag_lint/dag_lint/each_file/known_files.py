"""What the lint found in a file by itself, kept on disk by the file's content: who lints again reads what has changed.

An answer holds for the file's path and bytes, this lint, this Python, and the other files that were asked for on the
way to it. What was not found in time, or by a tool that crashed, is not kept.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from dag_lint.finding import Finding
from dag_lint.rules import rule_of
from dag_lint.syntax.file_facts import facts_from_json
from dag_lint.version import lint_version

from .found_file import FoundFile

KEEP_SECONDS = 30 * 24 * 3600
"""Since it was last asked for."""

REFRESH_SECONDS = 24 * 3600
WAIT_SECONDS = 1.0
"""For another process that writes."""

PAGE_BYTES = 4096
LIMIT_BYTES = 128 * 1024**2
"""Of the database: the answers of some 80,000 files."""

KEYS_AT_ONCE = 500
_LONGEST_ANSWER = 1024**2


class KnownFiles:
    """The answers of a database at `place`, which is made when it is not there.

    A memory that cannot be read or written is an empty one: the lint does without.
    """

    def __init__(self, place: Path) -> None:
        self._place = place

    def known(self, contents: Mapping[str, bytes], is_dag_file: Mapping[str, bool]) -> dict[str, FoundFile]:
        """By path, what is known of the files of `is_dag_file`, which tells whether the rules about DAGs are asked.

        `contents` are all files of the folder that may be asked for.
        """
        keys = {key_of(path, contents[path], is_dag): path for path, is_dag in is_dag_file.items()}
        found = {}
        for key, answer in self._read(list(keys)):
            with suppress(ValueError, KeyError, TypeError, OverflowError):  # an answer that is none is no answer
                file, asked_for = _parsed(answer)
                if all(digest_of(contents.get(path)) == digest for path, digest in asked_for.items()):
                    found[keys[key]] = file
        return found

    def keep(
        self, contents: Mapping[str, bytes], is_dag_file: Mapping[str, bool], files: Mapping[str, FoundFile]
    ) -> None:
        """For the next time: `files`, by path, of those that `known` is asked for."""
        answers = []
        for path, file in files.items():
            asked_for = {other: digest_of(contents.get(other)) for other in file.asked_for}
            answer = json.dumps({
                "findings": [astuple(found) for found in file.findings],
                "facts": file.facts.to_json() if file.facts else None,
                "asked_for": asked_for,
            })  # fmt: skip
            if len(answer) <= _LONGEST_ANSWER:
                answers.append((key_of(path, contents[path], is_dag_file[path]), answer, int(time.time())))
        if not answers:
            return
        try:
            with self._opened() as database:
                database.executemany("INSERT OR REPLACE INTO answers (key, answer, used) VALUES (?, ?, ?)", answers)
                database.execute("DELETE FROM answers WHERE used < ?", (int(time.time()) - KEEP_SECONDS,))
        except (sqlite3.Error, OSError) as error:
            if "full" in str(error):  # begun anew the next time
                self._forget()

    def _read(self, keys: list[bytes]) -> list[tuple[bytes, str]]:
        found: list[tuple[bytes, str, int]] = []
        now = int(time.time())
        try:
            with self._opened() as database:
                for start in range(0, len(keys), KEYS_AT_ONCE):
                    some = keys[start : start + KEYS_AT_ONCE]
                    marks = ",".join("?" * len(some))
                    found += database.execute(f"SELECT key, answer, used FROM answers WHERE key IN ({marks})", some)  # noqa: S608
                old = [(now, key) for key, _, used in found if used < now - REFRESH_SECONDS]
                if old:
                    database.executemany("UPDATE answers SET used = ? WHERE key = ?", old)
        except sqlite3.OperationalError:  # another process writes, or the folder cannot be written
            return []
        except (sqlite3.DatabaseError, OSError):  # no database: make a new one next time
            self._forget()
            return []
        return [(key, answer) for key, answer, _ in found]

    def _forget(self) -> None:
        with suppress(OSError):
            self._place.unlink()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """What is done in it is done wholly or not at all."""
        self._place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(sqlite3.connect(self._place, timeout=WAIT_SECONDS)) as database, database:
            database.execute("PRAGMA synchronous = OFF")  # what a crash loses is found again
            database.execute(f"PRAGMA max_page_count = {LIMIT_BYTES // PAGE_BYTES}")
            database.execute("CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, answer TEXT, used INTEGER)")
            yield database


def key_of(path: str, content: bytes, is_dag_file: bool) -> bytes:
    """Of one file's answer, by all that it depends on besides other files."""
    about = json.dumps([lint_version(), sys.version, path, is_dag_file]).encode()
    return hashlib.sha256(hashlib.sha256(about).digest() + content).digest()


def digest_of(content: bytes | None) -> str | None:
    """None for a file that is not there."""
    return hashlib.sha256(content).hexdigest() if content is not None else None


def _parsed(answer: str) -> tuple[FoundFile, dict[str, Any]]:
    fields = json.loads(answer)
    findings = tuple(Finding(*row) for row in fields["findings"])
    for found in findings:
        rule_of(found.rule)  # raises KeyError
    facts = facts_from_json(fields["facts"]) if fields["facts"] is not None else None
    asked_for = dict(fields["asked_for"])
    return FoundFile(findings, facts, True, frozenset(asked_for)), asked_for
