"""Finding and ending the stack's processes: those it started, and those whose parent died first."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psutil

from local import layout

KILL_AFTER_SECONDS = 10.0


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


def end(processes: Iterable[psutil.Process], number: int = signal.SIGTERM) -> None:
    """Send `number` to each, and SIGKILL to those that are still there after ten seconds."""
    waiting = []
    for process in processes:
        try:
            process.send_signal(number)
            waiting.append(process)
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(waiting, timeout=KILL_AFTER_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=KILL_AFTER_SECONDS)


def log_tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return f"({path} was never written)"


def stop_child(child: subprocess.Popen[bytes], number: int, seconds: float) -> None:
    """Ask a child to leave, and kill it when it has not after `seconds`."""
    if child.poll() is None:
        child.send_signal(number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
