"""Starts the local AWS: `python -m local.emulator PORT FOLDER [--plain]`, with its state below FOLDER.

Ends with the process that started it. `--plain` leaves the additions out but for ECS's processes: the
tests use it to find additions that the emulator no longer needs.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

from local import layout

PARENT_POLL_SECONDS = 1.0


def configure(port: int, folder: Path) -> None:
    """The emulator reads its settings from the environment, some of them at import."""
    scratch = folder / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    stack = layout.Stack(supervisor_pid=os.getppid(), aws_port=port, postgres_port=0, github_port=0)
    os.environ.update(stack.environ)
    os.environ.update(
        AUTH="true",
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        HOSTNAME="local-aws",
        IOT_MTLS_ENABLED="0",
        STATE_DIR=str(folder / "aws"),
        S3_DATA_DIR=str(folder / "aws" / "s3"),
        TMPDIR=str(scratch),
        MINISTACK_REGION=layout.REGION,
    )


def end_with_parent() -> None:
    """End when the parent is gone, so that killing it does not leave this process behind.

    The tasks' processes stay: they are found by their marker when the next command runs.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def main() -> None:
    parser = argparse.ArgumentParser(prog="local.emulator")
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plain", action="store_true")
    options = parser.parse_args()
    configure(options.port, options.folder)

    from ministack import app

    from local.emulator import additions

    additions.install(options.port, options.folder, plain=options.plain)
    sys.argv = sys.argv[:1]
    end_with_parent()
    app.main()


if __name__ == "__main__":
    main()
