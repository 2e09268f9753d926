"""What a DAG file does while it is imported, as Python's own audit events tell it.

A hook sees an event before it happens, and cannot be taken off again (https://docs.python.org/3/library/sys.html#sys.addaudithook).
It does not see what native code does by itself. So it is no wall, it is a witness: the walls are the process, its
limits and the network that is not there.
"""

from __future__ import annotations

import os
import platform
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from .reply import MOST_VIOLATIONS, Violation

NETWORK = {
    *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
    *("socket.gethostbyname", "socket.gethostbyaddr"),
}
PROCESSES = {
    *("os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system"),
    *("subprocess.Popen", "pty.spawn"),
}
SIGNALS = {"os.kill", "os.killpg", "signal.pthread_kill"}
CHANGES = {
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.chown"),
    *("shutil.rmtree", "shutil.copyfile", "shutil.move"),
}
WORDS = {
    **dict.fromkeys(NETWORK, "uses the network"),
    **dict.fromkeys(PROCESSES, "starts a process"),
    **dict.fromkeys(SIGNALS, "sends a signal to a process"),
    **dict.fromkeys(CHANGES, "changes files"),
    "sqlite3.connect": "opens a database",
    "time.sleep": "sleeps",
    "ctypes.dlopen": "loads native code",
    "ctypes.dlsym": "loads native code",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ASKING_THE_MACHINE = frozenset({platform.__file__, uuid.__file__})
"""They run programs to know it."""

OF_PROCESSES = ("/environ", "/mem")
OF_USERS = ("/.aws/credentials", "/.aws/config")


class Witness:
    """Calls `tell` with each violation of a file below `tree`, once for each line and kind."""

    def __init__(self, tree: Path, file: Path, tell: Callable[[Violation], None]) -> None:
        self._tree = f"{tree}{os.sep}"
        self._file = str(file)
        self._tell = tell
        self._told: set[Violation] = set()
        self._busy = False

    def watch(self) -> None:
        """From now on, for as long as the process lives."""
        sys.addaudithook(self._see)

    def told(self, what: str) -> None:
        """By something else than an event."""
        self._report(what, sys._getframe(1))  # noqa: SLF001  # whose line it is

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._busy or not (event == "open" or event in WORDS):
            return
        self._busy = True  # what this does itself is no event of the file's
        try:
            what = _what_opening(arguments) if event == "open" else WORDS[event]
            if what is None:
                return
            self._report(what, sys._getframe(1))  # noqa: SLF001
        finally:
            self._busy = False

    def _report(self, what: str, frame: FrameType) -> None:
        doing = self._frame_of_the_tree(frame)
        if doing is None:
            return
        place = doing.f_code.co_filename
        if place != self._file:
            what += f", at {place.removeprefix(self._tree)}:{doing.f_lineno}"
        violation = Violation(what, self._line_of_the_file(doing))
        if violation not in self._told and len(self._told) < MOST_VIOLATIONS:
            self._told.add(violation)
            self._tell(violation)

    def _frame_of_the_tree(self, frame: FrameType | None) -> FrameType | None:
        """The innermost one; None when a library does it while it is imported itself, or only to know the machine."""
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._tree):
                return frame
            if name.startswith("<frozen importlib") or name in ASKING_THE_MACHINE:
                return None
            frame = frame.f_back
        return None

    def _line_of_the_file(self, frame: FrameType | None) -> int:
        """Where the file that is imported has it done, maybe by what it imports itself; 0 when that is not known."""
        while frame is not None and frame.f_code.co_filename != self._file:
            frame = frame.f_back
        return frame.f_lineno if frame else 0


def _what_opening(arguments: tuple[Any, ...]) -> str | None:
    path, mode, flags = (*arguments, None, None, None)[:3]
    name = os.fsdecode(path) if isinstance(path, str | bytes) else ""
    if (name.startswith("/proc/") and name.endswith(OF_PROCESSES)) or name.endswith(OF_USERS):
        return "reads credentials"
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & WRITING)
    return "writes files" if writes and name != os.devnull else None
