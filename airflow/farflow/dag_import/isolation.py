"""Walls around a process that imports what it does not trust, as far as Linux gives them to one without rights."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
"""Source: https://man7.org/linux/man-pages/man2/prctl.2.html"""

MEMORY_BYTES = 1024**3
FILE_BYTES = 16 * 1024**2
OPEN_FILES = 256

_libc = ctypes.CDLL(None, use_errno=True)


class IsolationError(RuntimeError):
    """A wall that was asked for cannot be had."""


def hide_memory() -> None:
    """Keep processes of the same user out of this one's memory, environment and open files (proc(5), ptrace(2))."""
    _prctl(PR_SET_DUMPABLE, 0)


def adopt_orphans() -> None:
    """What a file started and left behind becomes this process's child, whatever session it put itself into."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Not to outlive a supervisor that was killed."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise IsolationError(f"prctl({option}) failed: {os.strerror(ctypes.get_errno())}")


def cut_network() -> bool:
    """Put this process and all that it starts where there is no network, not even a loopback that is up.

    The user namespace besides takes root's rights over everything else of this machine. For a process of one thread.
    False where the kernel does not let it: the network has to be cut from outside then, as a VPC without routes does.
    """
    try:
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    except OSError as error:
        print(f"the network is not cut by a namespace: {error}", file=sys.stderr)
        return False
    return True


def limit(seconds: float) -> None:
    """The share of this process: processor time, memory over what it has by now, size and number of files.

    Beyond its processor time it gets SIGXCPU, which says so, and a second later SIGKILL, which cannot be caught.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    cpu = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    for kind, value in (
        (resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


def end_children(but: set[int]) -> None:
    """Kill every child of this process that is not in `but`, orphans that it adopted too, and theirs as they come."""
    deadline = time.monotonic() + 5
    while (found := [pid for pid in _children() if pid not in but]) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> list[int]:
    """Source: proc_pid_task_tid_children(5); a kernel without it shows none, and the process group is killed all the same."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except FileNotFoundError:
        return []
