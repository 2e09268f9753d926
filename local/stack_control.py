"""Starting and ending the local stack: the supervisor and everything below it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time

import psutil

from local import layout
from local.errors import LocalStackError
from local.processes import end_owned, log_tail, owned_processes

START_SECONDS = 90.0
STOP_SECONDS = 20.0
NEEDED_BYTES = 1024**3
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
"""As the template's parameter FileSystemMountPath."""
SUPERVISOR_LOG = layout.LOGS / "supervisor.log"


_started: list[subprocess.Popen[bytes]] = []
"""Supervisors that this very process started; it is their parent and must take their exit codes."""


class StackError(LocalStackError):
    """The stack cannot be started or used; the message says what to do."""


def running() -> layout.Stack | None:
    """The stack of this clone that runs now, or None."""
    stack = layout.Stack.load()
    if stack is None or not psutil.pid_exists(stack.supervisor_pid):
        return None
    try:
        environ = psutil.Process(stack.supervisor_pid).environ()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return stack if environ.get(layout.MARKER) == str(layout.ROOT) else None


def require() -> layout.Stack:
    stack = running()
    if stack is None:
        raise StackError("the local stack does not run; `make up` starts it")
    return stack


def start() -> layout.Stack:
    """Start a fresh stack: whatever an earlier one left running or on disk is removed first.

    Raises `StackError` when it does not come up.
    """
    if not PLAIN_PATH.fullmatch(str(layout.ROOT)):
        raise StackError(
            f"the clone's path {layout.ROOT} has characters that a template's parameter cannot carry; "
            "move it to a path of letters, digits and ./_-"
        )
    if stop():
        print("ended the stack that an earlier command had left running", flush=True)
    _check_disk()
    shutil.rmtree(layout.STACK, ignore_errors=True)
    layout.LOGS.mkdir(parents=True)
    ports = [choose_port(f"FARFLOW_{name}_PORT") for name in ("AWS", "POSTGRES", "GITHUB")]
    with SUPERVISOR_LOG.open("wb") as log:
        supervisor = subprocess.Popen(
            [
                str(layout.environment_python("tools")),
                *("-m", "local.supervisor", *map(str, ports)),
            ],
            cwd=layout.ROOT,
            env={**os.environ, layout.MARKER: str(layout.ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(supervisor)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        stack = layout.Stack.load()
        if stack is not None:
            return stack
        if supervisor.poll() is not None:
            raise StackError(f"the local stack did not start:\n{log_tail(SUPERVISOR_LOG)}")
        time.sleep(0.1)
    stop()
    raise StackError(f"the local stack did not start within {START_SECONDS:.0f} s:\n{log_tail(SUPERVISOR_LOG)}")


def stop() -> int:
    """End every process of this clone's stack; return how many there were."""
    stack = running()
    found = owned_processes()
    if stack is not None:
        supervisor = psutil.Process(stack.supervisor_pid)
        supervisor.terminate()
        with contextlib.suppress(psutil.TimeoutExpired):  # it is killed with the rest then
            supervisor.wait(STOP_SECONDS)
    end_owned()
    while _started:
        _started.pop().wait()
    return len(found)


def choose_port(variable: str) -> int:
    """A free port of 127.0.0.1: the one that environment variable `variable` asks for, else any."""
    text = os.environ.get(variable) or "0"
    if not (text.isdigit() and int(text) < 65536):
        raise StackError(f"{variable}={text} is no port; leave it unset and any free port is taken.")
    wanted = int(text)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise StackError(
                f"port {wanted} of 127.0.0.1 is taken ({error.strerror}). End what listens there, or leave "
                f"{variable} unset and any free port is taken."
            ) from None
        return int(probe.getsockname()[1])


def _check_disk() -> None:
    free = shutil.disk_usage(layout.ROOT).free
    if free < NEEDED_BYTES:
        raise StackError(
            f"only {free / 1024**2:.0f} MiB are free at {layout.ROOT}; the stack needs 1 GiB. Free some room."
        )
