"""The stack's one owner: starts PostgreSQL, the local AWS and the local GitHub, and ends everything when it ends.

`make up` starts it in a session of its own as `python -m local.supervisor AWS_PORT POSTGRES_PORT GITHUB_PORT`. When
one of the three dies, a stack without it is no stack: the supervisor ends the rest. SIGHUP makes it restart
PostgreSQL, which is then away for as long as RDS needs at least.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from types import FrameType

from local import layout, postgres
from local.errors import LocalStackError
from local.github.running import LocalGitHubError, wait_until_ready
from local.postgres_client import PostgresError
from local.processes import end_owned, log_tail

AWS_READY_SECONDS = 30.0
REBOOT_SECONDS = 15.0
"""How long a restarted database is away; of RDS: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RebootInstance.html"""
AWS_LOG = layout.LOGS / "aws.log"
GITHUB_LOG = layout.LOGS / "github.log"


class AwsError(LocalStackError):
    """The local AWS did not start; the message holds its last words."""


def start_aws(port: int) -> subprocess.Popen[bytes]:
    """Start the emulator as a child; return when it answers."""
    with AWS_LOG.open("wb") as log:
        emulator = subprocess.Popen(
            [str(layout.environment_python("emulator")), "-m", "local.emulator", str(port), str(layout.STACK)],
            cwd=layout.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + AWS_READY_SECONDS
    while time.monotonic() < deadline:
        if emulator.poll() is not None:
            raise AwsError(f"the local AWS ended while starting:\n{log_tail(AWS_LOG)}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2).close()
            return emulator
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    emulator.kill()
    raise AwsError(f"the local AWS did not answer within {AWS_READY_SECONDS:.0f} s:\n{log_tail(AWS_LOG)}")


def start_github(port: int) -> subprocess.Popen[bytes]:
    """Start the local GitHub as a child; return when it answers."""
    with GITHUB_LOG.open("wb") as log:
        github = subprocess.Popen(
            [
                sys.executable,
                *("-m", "local.github", str(port), str(layout.GITHUB), layout.GITHUB_REPOSITORY),
            ],
            cwd=layout.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
    except LocalGitHubError as error:
        github.kill()
        raise LocalGitHubError(f"{error}\n{log_tail(GITHUB_LOG)}") from error
    return github


def main() -> int:
    aws_port, postgres_port, github_port = (int(argument) for argument in sys.argv[1:4])
    os.environ[layout.MARKER] = str(layout.ROOT)
    stopping, rebooting = threading.Event(), threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    def reboot(_signal: int, _frame: FrameType | None) -> None:
        rebooting.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, reboot)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        postgres.create(postgres_port)
        children["PostgreSQL"] = postgres.start()
        postgres.client().create(postgres.DATABASE)
        children["the local AWS"] = start_aws(aws_port)
        children["the local GitHub"] = start_github(github_port)
        layout.Stack(os.getpid(), aws_port, postgres_port, github_port).save()
        print("ready", flush=True)
        while not stopping.wait(0.5):
            if rebooting.is_set():
                rebooting.clear()
                postgres.stop(children["PostgreSQL"])
                stopping.wait(REBOOT_SECONDS)
                children["PostgreSQL"] = postgres.start()
                print("restarted PostgreSQL", flush=True)
            for name, child in children.items():
                if child.poll() is not None:
                    print(f"{name} ended with exit code {child.returncode}; ending the stack", flush=True)
                    return 1
        return 0
    except (PostgresError, AwsError, LocalGitHubError) as error:
        print(f"failed: {error}", flush=True)
        return 1
    finally:
        end_everything(list(children.values()))


def end_everything(children: list[subprocess.Popen[bytes]]) -> None:
    """Without grace: nothing of a stack outlives it, and an AWS that lives would start its tasks anew."""
    for child in reversed(children):
        child.kill()
        child.wait()
    end_owned()


if __name__ == "__main__":
    sys.exit(main())
