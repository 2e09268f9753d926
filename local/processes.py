"""Finding and ending the stack's processes: those it started, and those whose parent died first."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from local import layout

GONE_SECONDS = 10.0


def owned_processes() -> list[psutil.Process]:
    """Every process that belongs to this clone's stack, by the marker in its environment.

    PostgreSQL overwrites its environment with a status line; it is known by its working folder.
    """
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(layout.MARKER) == str(layout.ROOT) or _is_postgres(process):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    this = psutil.Process()
    ours = {this.pid, *(parent.pid for parent in this.parents())}
    return [process for process in found if process.pid not in ours]


def _is_postgres(process: psutil.Process) -> bool:
    return process.name() == "postgres" and Path(process.cwd()) == layout.POSTGRES_DATA


def end_owned() -> None:
    """Kill the stack's processes until there is none, those that were forked meanwhile included."""
    while owned := owned_processes():
        _end(owned)


def _end(processes: Iterable[psutil.Process]) -> None:
    """Kill each, and return when all are gone. Raises `psutil.TimeoutExpired` when one is not after ten seconds."""
    killed = []
    for process in processes:
        try:
            process.kill()
            killed.append(process)
        except psutil.NoSuchProcess:
            continue
    deadline = time.monotonic() + GONE_SECONDS
    while any(map(_lives, killed)):
        if time.monotonic() > deadline:
            raise psutil.TimeoutExpired(GONE_SECONDS)
        time.sleep(0.02)


def _lives(process: psutil.Process) -> bool:
    """A zombie is gone but for its parent, which may never ask: not every container's init does."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def log_tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return f"({path} was never written)"
