"""Reads DAG files in child processes, a batch of files to each."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from dag_lint.errors import LintFailedError
from dag_lint.finding import Finding
from dag_lint.rules import finding
from dag_lint.syntax.file_facts import FileFacts, facts_from_json

SECONDS_FOR_FILE = 15.0
FILES_FOR_PROCESS = 20
"""A process is worth its start for so many files."""

ANSWER_BYTES = 32 * 1024**2

FILES_AT_ONCE = 20
"""So many requests fit into a pipe however long the files' names are: were the pipe full, each side might wait for the
other to read.
"""

_START = "import sys; sys.path[:0] = sys.argv[1:]; from dag_lint.each_file.reader_process import main; main()"


@dataclass(frozen=True)
class ReadFile:
    """What the child said of a file. `facts` is None where Python cannot compile it, or nothing is known."""

    path: str
    findings: tuple[Finding, ...]
    facts: FileFacts | None
    answered: bool = True
    """False where the child was lost, and only that is known."""
    asked_for: frozenset[str] = frozenset()
    """Paths of other files that a rule looked for."""


class _ChildLostError(Exception):
    """The child ended, hung, or answered what nobody asked."""


class Readers:
    """The child processes, started before there is anything to read: they load meanwhile what they read with."""

    def __init__(self, files: int) -> None:
        self._children = max(1, min(os.cpu_count() or 1, -(-files // FILES_FOR_PROCESS)))
        self._ready: SimpleQueue[_Child] = SimpleQueue()

    def __enter__(self) -> Self:
        for _ in range(self._children):
            self._ready.put(_Child())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(Empty):
            while True:
                self._ready.get_nowait().end()

    def read(self, places: Mapping[str, Path], files: Sequence[str], dag_files: frozenset[str]) -> Iterator[ReadFile]:
        """One `ReadFile` for each of `files`, exactly. `places` says where the folder's files lie on disk, by path.

        Rules about DAGs are asked of `dag_files` only. A file on which the child ends or hangs is FL106. Raises
        `LintFailedError` if no child starts at all.
        """
        waiting: SimpleQueue[str] = SimpleQueue()
        for path in files:
            waiting.put(path)
        with ThreadPoolExecutor(self._children) as threads:
            asked = [threads.submit(self._read_all, waiting, places, dag_files) for _ in range(self._children)]
            for each in asked:
                yield from each.result()

    def _read_all(
        self, waiting: SimpleQueue[str], places: Mapping[str, Path], dag_files: frozenset[str]
    ) -> list[ReadFile]:
        done: list[ReadFile] = []
        asked: deque[str] = deque(_taken(waiting))
        while asked:
            child = self._child()
            try:
                child.start(places)
                while asked:
                    child.ask(asked, dag_files)
                    while asked:
                        done.append(child.answer(asked[0]))
                        asked.popleft()
                    asked.extend(_taken(waiting))
            except _ChildLostError as error:
                lost = asked.popleft()  # the others that were asked for are asked for again
                said = finding("FL106", lost, 1, f"reading it failed: {error}")
                done.append(ReadFile(lost, (said,), None, answered=False))
            finally:
                child.end()
        return done

    def _child(self) -> _Child:
        """One that was not used yet."""
        try:
            return self._ready.get_nowait()
        except Empty:
            return _Child()


def _taken(waiting: SimpleQueue[str]) -> list[str]:
    """The next files: several, so that the child need not wait for each answer to be taken."""
    taken: list[str] = []
    with suppress(Empty):
        while len(taken) < FILES_AT_ONCE:
            taken.append(waiting.get_nowait())
    return taken


class _Child:
    """A process of `reader_process`."""

    def __init__(self) -> None:
        paths = [entry for entry in sys.path if entry]  # where this process found the packages
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _START, *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": os.defpath},
            cwd="/",
        )
        self.buffer = b""
        self.numbers: dict[str, int] = {}

    def end(self) -> None:
        """At once, whatever it does."""
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()
        self.process.wait()

    def start(self, places: Mapping[str, Path]) -> None:
        """Tell it where the files are. Raises `LintFailedError` if it does not say that it is ready."""
        self.numbers = {path: number for number, path in enumerate(places)}
        try:
            self._send({path: str(place) for path, place in places.items()})
            self._line()
        except _ChildLostError as error:
            raise LintFailedError(f"the process that reads DAG files does not start: {error}") from error

    def ask(self, paths: Iterable[str], dag_files: frozenset[str]) -> None:
        """Ask for these files, whose answers come in the same order. Raises `_ChildLostError`."""
        for path in paths:
            self._send({"file": self.numbers[path], "is_dag_file": path in dag_files})

    def answer(self, path: str) -> ReadFile:
        """The next answer, which is about `path`. Raises `_ChildLostError`."""
        try:
            answer = json.loads(self._line())
            findings = tuple(Finding(*fields) for fields in answer["findings"])
            facts = facts_from_json(answer["facts"]) if answer["facts"] is not None else None
            asked_for = frozenset(map(str, answer["asked_for"]))
        except (ValueError, KeyError, TypeError) as error:
            raise _ChildLostError(f"its answer is no answer: {error}") from error
        return ReadFile(path, findings, facts, asked_for=asked_for)

    def _send(self, message: dict[str, Any]) -> None:
        stream = self.process.stdin
        try:
            if stream:
                stream.write(json.dumps(message).encode() + b"\n")
                stream.flush()
        except BrokenPipeError as error:
            raise _ChildLostError(self._end()) from error

    def _line(self) -> bytes:
        stream = self.process.stdout
        while stream and b"\n" not in self.buffer:
            ready, _, _ = select.select([stream], [], [], SECONDS_FOR_FILE)
            if not ready:
                raise _ChildLostError(f"no answer after {SECONDS_FOR_FILE:.0f} s")
            part = os.read(stream.fileno(), 1024 * 1024)
            if not part:
                raise _ChildLostError(self._end())
            self.buffer += part
            if len(self.buffer) > ANSWER_BYTES:
                raise _ChildLostError(f"its answer has more than {ANSWER_BYTES} bytes")
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def _end(self) -> str:
        status = self.process.wait()
        said = self.process.stderr.read().decode(errors="replace").strip() if self.process.stderr else ""
        return f"the reading process ended with status {status} {said.rpartition('\n')[2]}".rstrip()
