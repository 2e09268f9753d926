"""`make logs`: every log file of the stack on one screen, each line with its origin."""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO

from local import layout, stack_control

POLL_SECONDS = 0.3
LINES_OF_THE_PAST = 5
ORIGIN_WIDTH = 22


def follow() -> None:
    """Print what is there and what comes, until the stack ends or Control-C."""
    followed: dict[Path, BinaryIO] = {}
    first = True
    while True:
        for path in _log_files():
            if path not in followed:
                followed[path] = path.open("rb")
                if first:
                    _skip_past(followed[path])
        for path, file in followed.items():
            for line in file.readlines():
                print(f"{_origin(path):<{ORIGIN_WIDTH}} {line.decode(errors='replace').rstrip()}", flush=True)
        if stack_control.running() is None:
            return
        first = False
        time.sleep(POLL_SECONDS)


def _log_files() -> list[Path]:
    return sorted([*layout.LOGS.glob("*.log"), *layout.CONTAINERS.glob("*/output.log")])


def _skip_past(file: BinaryIO) -> None:
    recent = b"".join(file.readlines()[-LINES_OF_THE_PAST:])
    file.seek(-len(recent), 1)


def _origin(path: Path) -> str:
    """`ministack-ecs-1b2c3d4e-scheduler/output.log` is "scheduler 1b2c3d4e"."""
    if path.parent == layout.LOGS:
        return path.stem
    identifier, _, component = path.parent.name.removeprefix("ministack-ecs-").partition("-")
    return f"{component} {identifier}"
