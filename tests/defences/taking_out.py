"""Takes defences out of a copy of the tree, one after the other, and has pytest look at what is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from local import layout

from .defence import Defence

SECONDS = 120.0
"""For the tests of one defence, which take a few: a test that hangs without its defence does not notice it."""

SECONDS_FOR_ALL = 600.0

NOT_COPIED = (".git", ".farflow", "build", ".aws-sam", "__pycache__", ".*_cache", ".hypothesis")


@dataclass(frozen=True)
class Outcome:
    """What pytest made of a tree. `failed` are the ids of the tests that failed, with why; `status` None is no end."""

    status: int | None
    failed: tuple[str, ...]
    output: str
    seconds: float

    @property
    def noticed(self) -> bool:
        """Whether a test failed: an error of collection, of usage or of a fixture proves nothing."""
        return self.status == 1 and bool(self.failed)


def copy_tree(target: Path) -> None:
    """What the tests need of this clone. The environments are shared with it."""
    shutil.copytree(layout.ROOT, target, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (target / layout.STATE.name).symlink_to(layout.STATE)


def without(defence: Defence, tree: Path) -> Outcome:
    """The outcome of the defence's tests without it; it is there again afterwards. Raises `ValueError` as `taken_out` does."""
    file = tree / defence.file
    content = file.read_text()
    file.write_text(defence.taken_out(content))
    try:
        return run(defence.tests, tree, SECONDS)
    finally:
        file.write_text(content)


def run(tests: Iterable[str], tree: Path, seconds: float) -> Outcome:
    """Pytest over these, until the first failure, in one process."""
    _forget_bytecode(tree)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *dict.fromkeys(tests)]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environ |= {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "500"}  # wide, so that reasons are told in full
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as told:  # no pipe, which what a test left behind may hold open
        process = subprocess.Popen(
            command, cwd=tree, env=environ, stdout=told, stderr=subprocess.STDOUT, start_new_session=True
        )
        status: int | None = None
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            _end(process)
        except BaseException:
            _end(process)
            raise
        told.seek(0)
        output = told.read()
    failed = tuple(line.removeprefix("FAILED ") for line in output.splitlines() if line.startswith("FAILED "))
    return Outcome(status, failed, output, time.monotonic() - began)


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it started, but for what put itself into a session of its own."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _forget_bytecode(tree: Path) -> None:
    """Children that tests start write some all the same; of an edit in the same second and size it would know nothing."""
    for folder in [*tree.rglob("__pycache__")]:
        shutil.rmtree(folder)
