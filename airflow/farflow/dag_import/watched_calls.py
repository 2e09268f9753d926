"""What a DAG file does while it is imported, as Python's own audit events tell it.

A hook sees an event before it happens, and cannot be taken off again (https://docs.python.org/3/library/sys.html#sys.addaudithook).
It does not see what native code does by itself. So it is no wall, it is a witness: the walls are the process, its
limits and the network that is not there.
"""

from __future__ import annotations

import os
import sys
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
OF_PROCESSES = ("/environ", "/mem")
OF_USERS = ("/.aws/credentials", "/.aws/config")


class Witness:
    """Calls `tell` with each violation of a file below `tree`, once for each line and kind."""

    def __init__(self, tree: Path, tell: Callable[[Violation], None]) -> None:
        self._tree = f"{tree}{os.sep}"
        self._tell = tell
        self._told: set[Violation] = set()
        self._busy = False

    def watch(self) -> None:
        """From now on, for as long as the process lives."""
        sys.addaudithook(self._see)

    def told(self, what: str) -> None:
        """By something else than an event."""
        line = self._line_of_the_file(sys._getframe(1))  # noqa: SLF001  # whose line it is
        if line is not None:
            self._report(Violation(what, line))

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._busy or not (event == "open" or event in WORDS):
            return
        self._busy = True  # what this does itself is no event of the file's
        try:
            what = _what_opening(arguments) if event == "open" else WORDS[event]
            if what is None:
                return
            line = self._line_of_the_file(sys._getframe(1))  # noqa: SLF001
            if line is not None:
                self._report(Violation(what, line))
        finally:
            self._busy = False

    def _report(self, violation: Violation) -> None:
        if violation not in self._told and len(self._told) < MOST_VIOLATIONS:
            self._told.add(violation)
            self._tell(violation)

    def _line_of_the_file(self, frame: FrameType | None) -> int | None:
        """The line in the tree that does it; None when a library does it while it is imported itself."""
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith(self._tree):
                return frame.f_lineno
            if name.startswith("<frozen importlib"):
                return None
            frame = frame.f_back
        return None


def _what_opening(arguments: tuple[Any, ...]) -> str | None:
    path, mode, flags = (*arguments, None, None, None)[:3]
    name = os.fsdecode(path) if isinstance(path, str | bytes) else ""
    if (name.startswith("/proc/") and name.endswith(OF_PROCESSES)) or name.endswith(OF_USERS):
        return "reads credentials"
    writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else bool((flags or 0) & WRITING)
    return "writes files" if writes and name != os.devnull else None
