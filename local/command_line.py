"""One command by its name, what it reports, and what it says when it cannot be carried out."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping

from local.errors import LocalStackError


def run(module: str, commands: Mapping[str, Callable[[], int]], arguments: list[str]) -> int:
    """The exit status of the command that the one argument names; 2 when it names none."""
    if len(arguments) != 1 or arguments[0] not in commands:
        print(f"usage: python -m {module} {'|'.join(commands)}", file=sys.stderr)
        return 2
    try:
        return commands[arguments[0]]()
    except LocalStackError as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # who reads its output has seen enough: `make releases | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def end_as_by_control_c() -> None:
    """When the process is told to end, or its terminal is closed: what it began has to be taken back."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def say(what: str, how: str) -> None:
    """One line of a report."""
    with contextlib.suppress(OSError):  # the terminal is gone
        print(f"{what:<15} {how}", flush=True)
