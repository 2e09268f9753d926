"""The process that imports nothing itself: it forks one for each file, waits for it within limits, and reads what it says."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import secrets
import selectors
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import isolation
from .reply import LONGEST_MESSAGE, MOST_VIOLATIONS, Failure, Imported, Outcome, Violation
from .request import Request

GRACE_SECONDS = 2.0
"""Beyond a file's own time: its processor time ends first, with a signal that says so."""

MOST_BYTES = 1024**2
"""So much a file may say of itself: ten thousand DAG ids and more."""


CHANGING = ("writes files", "changes files")
"""Violations after which the tree is put in order."""

NO_TIME_LEFT = Failure("Timeout", "the time for all imports was up before it was imported", 0)


class TreeChangedError(RuntimeError):
    """A file was not any more what the request had: something that was imported changed it. Nothing of this run holds."""


@dataclass
class Child:
    """The process of one file."""

    path: str
    pid: int
    alive: int
    """Readable when the process has ended (pidfd_open(2)); what it started may hold the pipe open for longer."""
    pipe: int
    token: str
    scratch: Path
    began: float
    said: bytes = b""


@dataclass
class Supervisor:
    """`import_file` does the work in a forked process, which ends when it returns; see `one_file.import_file`."""

    request: Request
    folder: Path
    """Empty, and for this run alone."""
    import_file: Callable[[Request, Path, str, int, str, Path], None]
    processes: int
    deadline: float = math.inf
    """By the monotonic clock. What is not imported by then is told as out of time."""
    _running: dict[int, Child] = field(default_factory=dict)

    @property
    def tree(self) -> Path:
        """Where the files are while they are imported."""
        return self.folder / "dags"

    def run(self) -> list[Imported]:
        """One answer for each file asked for, in that order. Raises `TreeChangedError`."""
        self._write_tree()
        gc.freeze()  # what is loaded by now is garbage to nobody: a collection would have each process copy all of it
        answers: dict[str, Imported] = {}
        waiting = list(reversed(self.request.imports))
        with selectors.DefaultSelector() as selector:
            while waiting or self._running:
                if time.monotonic() > self.deadline:
                    answers |= {path: Imported(path, "timed_out", 0.0, error=NO_TIME_LEFT) for path in waiting}
                    waiting = []
                while waiting and len(self._running) < self.processes:
                    child = self._start(waiting.pop())
                    selector.register(child.pipe, selectors.EVENT_READ, child)
                    selector.register(child.alive, selectors.EVENT_READ, child)
                for child in self._ended(selector):
                    answers[child.path] = self._end(child, selector)
        self._check_all()
        return [answers[path] for path in self.request.imports]

    def _write_tree(self) -> None:
        for path, content in self.request.files.items():
            target = self.tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def _check_all(self) -> None:
        """Nothing is changed, and nothing is there besides."""
        for path in self.request.files:
            self._check(path)
        if strange := self._strange():
            raise TreeChangedError(f"{strange[0].relative_to(self.tree)} was made by a file that was imported")

    def _strange(self) -> list[Path]:
        known = {self.tree / path for path in self.request.files}
        return sorted(path for path in self.tree.rglob("*") if path not in known and not path.is_dir())

    def _restore(self) -> None:
        """What a file wrote beside itself is not there for the next one."""
        for path in self._strange():
            path.unlink()
        self._write_tree()

    def _check(self, path: str) -> None:
        target = self.tree / path
        if target.is_symlink() or not target.is_file() or target.read_bytes() != self.request.files[path]:
            raise TreeChangedError(f"{path} was changed by a file that was imported")

    def _start(self, path: str) -> Child:
        self._check(path)
        read, write = os.pipe()
        token = secrets.token_hex(16)
        scratch = self.folder / f"scratch-{secrets.token_hex(4)}"
        scratch.mkdir()
        supervisor = os.getpid()
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                isolation.die_with_parent(supervisor)
                self.import_file(self.request, self.tree, path, write, token, scratch)
                status = 0
            finally:
                os._exit(status)
        os.close(write)
        os.set_blocking(read, False)
        child = Child(path, pid, os.pidfd_open(pid), read, token, scratch, began)
        self._running[pid] = child
        return child

    def _ended(self, selector: selectors.BaseSelector) -> list[Child]:
        """Those whose process is over, that said too much, or have no time left."""
        patience = self.request.seconds_per_file + GRACE_SECONDS
        if not self._running:
            return []
        first = min(min(child.began for child in self._running.values()) + patience, self.deadline)
        ended: list[Child] = []
        for key, _ in selector.select(max(0.0, first - time.monotonic())):
            child: Child = key.data
            if key.fd == child.alive:
                ended.append(child)
            elif not _read(child):
                selector.unregister(child.pipe)  # closed early; its process still has its time
            if len(child.said) > MOST_BYTES:
                ended.append(child)
        now = time.monotonic()
        ended += [child for child in self._running.values() if now - child.began > patience or now > self.deadline]
        return list({child.pid: child for child in ended}.values())

    def _end(self, child: Child, selector: selectors.BaseSelector) -> Imported:
        """Nothing that the file started is left when this returns."""
        seconds = time.monotonic() - child.began
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(child.alive, signal.SIGKILL)  # does nothing to one that has ended
        _, status = os.waitpid(child.pid, 0)
        del self._running[child.pid]
        isolation.end_children(set(self._running))
        while len(child.said) <= MOST_BYTES and _read(child):
            pass
        for descriptor in (child.pipe, child.alive):
            with contextlib.suppress(KeyError):
                selector.unregister(descriptor)
            os.close(descriptor)
        shutil.rmtree(child.scratch, ignore_errors=True)
        late = seconds > self.request.seconds_per_file or time.monotonic() > self.deadline
        told = answer(child.path, child.said, child.token, status, round(seconds, 3), late)
        if any(violation.what.startswith(CHANGING) for violation in told.violations):
            self._restore()
        return told


def _read(child: Child) -> bool:
    """Whether there may be more to come."""
    try:
        chunk = os.read(child.pipe, 65536)
    except BlockingIOError:
        return False
    child.said += chunk
    return chunk != b""


def answer(path: str, said: bytes, token: str, status: int, seconds: float, late: bool) -> Imported:
    """What a process said of its file, as far as it can be taken. Anything but one result at the end is a crash."""
    violations: list[Violation] = []
    results: list[dict[str, Any]] = []
    strange = False
    for line in said.splitlines():
        try:
            record = json.loads(line)
            if "violation" in record:
                violations.append(Violation(str(record["violation"]["what"])[:100], int(record["violation"]["line"])))
            elif record["token"] == token:
                results.append(record["result"])
            else:
                strange = True
        except (ValueError, KeyError, TypeError):
            strange = True
    told = tuple(violations[:MOST_VIOLATIONS])
    if late or _signal(status) == signal.SIGXCPU:
        failure = Failure("Timeout", f"not imported after {seconds:.1f} s", 0)
        return Imported(path, "timed_out", seconds, error=failure, violations=told)
    if strange or len(results) != 1 or status != 0:
        failure = Failure("Crash", _what_ended(strange, status), 0)
        return Imported(path, "crashed", seconds, error=failure, violations=told)
    try:
        return _imported(path, seconds, results[0], told)
    except (KeyError, TypeError, ValueError):
        failure = Failure("Crash", _what_ended(True, status), 0)
        return Imported(path, "crashed", seconds, error=failure, violations=told)


def _imported(path: str, seconds: float, result: dict[str, Any], violations: tuple[Violation, ...]) -> Imported:
    error = result["error"]
    failure = error and Failure(str(error["type"]), str(error["message"])[:LONGEST_MESSAGE], int(error["line"]))
    outcome: Outcome = "failed" if failure else "imported"
    dag_ids = tuple(str(dag_id) for dag_id in result["dag_ids"])
    return Imported(path, outcome, seconds, dag_ids, failure or None, violations, tuple(map(str, result["stand_ins"])))


def _signal(status: int) -> int:
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _what_ended(strange: bool, status: int) -> str:
    if strange:
        return "it wrote into the pipe of its own result"
    if os.WIFSIGNALED(status):
        return f"its process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"its process ended, with exit code {os.waitstatus_to_exitcode(status)}, before the import did"
