"""Ruff's rules over files in a private folder, with proof that each file was looked at."""

from __future__ import annotations

import atexit
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import ruff

from dag_lint.errors import LintFailedError

SELECT = (
    *("F", "E", "W", "B", "AIR"),
    *("S102", "S105", "S106", "S107", "S113", "S307", "S602", "S605", "S608", "DTZ001", "DTZ005", "T201"),
)
IGNORE = ("AIR003", "E226", "E24")
"""The first is asked more exactly by `dag_rules.import_work`. The others are those of what pycodestyle ignores by default
that Ruff has. Source: https://pycodestyle.pycqa.org/en/latest/intro.html#error-codes
"""

PASSWORDS = frozenset({"S105", "S106", "S107"})
"""They go by the name alone: `SECRET_NAME = "prod/db"` is a password for them."""

_WORD = r"[a-z][a-z_.-]*[0-9]{0,2}"
_NO_PASSWORD = re.compile(
    rf"(?:.*=\s*)?(?P<quote>['\"])(?:arn:aws[a-z-]*:[a-z]+:\S*|/{_WORD}|/?{_WORD}(?:/{_WORD})+"
    rf"|[a-z]+://[a-z0-9.-]+(?::[0-9]+)?(?:/{_WORD})*/?)(?P=quote)"
)
"""What is written as a path, the name of a secret or an address: lower-case words, as no password is made."""

LINE_LENGTH = 120
SECONDS = 60.0
OUTPUT_BYTES = 32 * 1024**2
"""Of one call: some 45,000 messages."""

MEMORY_BYTES = 512 * 1024**2
"""Ruff keeps every message until its end."""

FILES_AT_ONCE = 1000
"""Keeps the command line far below the kernel's limit."""

PROOF = "CPY001"
"""The rule of a missing copyright notice. No text can match the notice that is asked for below, so that Ruff says this of
every file that it has looked at, even of an empty one and of one that it cannot parse."""


@dataclass(frozen=True)
class RuffMessage:
    """What Ruff says of one place; `code` is None for a syntax error, `mend` None where Ruff has no advice."""

    line: int
    code: str | None
    message: str
    mend: str | None
    doubtful: bool = False
    """Whether it warns only, whatever its rule says."""


class _RuffCrashedError(Exception):
    """It gave no answer for these files."""


@dataclass(frozen=True)
class Ruff:
    """Ruff's binary, as the lint runs it."""

    binary: str
    seconds: float = SECONDS

    def check(self, files: Mapping[str, Path]) -> Iterator[tuple[str, list[RuffMessage] | None]]:
        """Each key of `files` with its messages; None for a file on which Ruff crashed, hung, or went over a limit.

        The paths on disk are the lint's own: no file's name can be an option, and no configuration lies beside it.
        Raises `LintFailedError` if Ruff cannot be run at all, or did not look at a file.
        """
        keys = list(files)
        for start in range(0, len(keys), FILES_AT_ONCE):
            part = keys[start : start + FILES_AT_ONCE]
            yield from self._halving({key: files[key] for key in part})

    def _halving(self, files: Mapping[str, Path]) -> Iterator[tuple[str, list[RuffMessage] | None]]:
        """One crash loses the answer for all files of a call: halve until the file that is to blame stands alone."""
        try:
            yield from self._run(files).items()
        except _RuffCrashedError:
            if len(files) == 1:
                yield next(iter(files)), None
                return
            keys = list(files)
            for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
                yield from self._halving({key: files[key] for key in half})

    def _run(self, files: Mapping[str, Path]) -> dict[str, list[RuffMessage]]:
        command = [
            *(self.binary, "check", "--isolated", "--ignore-noqa", "--preview", "--no-cache", "--no-fix", "--quiet"),
            *("--output-format", "json", "--target-version", "py313", "--line-length", str(LINE_LENGTH)),
            *("--select", ",".join((*SELECT, PROOF)), "--ignore", ",".join(IGNORE)),
            *("--per-file-ignores", "__init__.py:F401"),  # what a package imports is what it offers
            *("--config", r"lint.flake8-copyright.notice-rgx='[^\s\S]'"),
            *("--", *map(str, files.values())),
        ]
        environment = {"PATH": os.defpath, "RUST_BACKTRACE": "0"}  # no RUFF_* of whoever calls
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            try:
                status = self._ended(command, environment, output, errors)
            except OSError as error:
                raise LintFailedError(f"ruff cannot be run: {error}. Install the lint's requirements.") from error
            errors.seek(0)
            output.seek(0)
            if status == 2:
                said = errors.read(OUTPUT_BYTES).decode(errors="replace")[-500:]
                raise LintFailedError(f"ruff refused its options: {said}")
            told = output.read(OUTPUT_BYTES + 1)
        if status not in (0, 1) or len(told) > OUTPUT_BYTES:
            raise _RuffCrashedError
        return _by_key(_parsed(told), files)

    def _ended(self, command: list[str], environment: dict[str, str], output: IO[bytes], errors: IO[bytes]) -> int:
        """The status with which it ended; the kernel ends it beyond a limit. Raises `OSError` if it cannot start."""
        with subprocess.Popen(command, env=environment, stdout=output, stderr=errors, cwd="/") as process:
            try:
                # Linux alone can limit another process; elsewhere it is the developer's own machine.
                with suppress(ProcessLookupError, AttributeError):  # it may have ended already
                    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (OUTPUT_BYTES, OUTPUT_BYTES))
                    resource.prlimit(process.pid, resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
                    resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
                return process.wait(self.seconds)
            except subprocess.TimeoutExpired as error:
                raise _RuffCrashedError from error
            finally:
                process.kill()


def installed_ruff() -> Ruff:
    """The binary of the `ruff` package. Raises `LintFailedError` where it is missing."""
    unpacked = Path(ruff.__file__).parents[1] / f"ruff-{metadata.version('ruff')}.data" / "scripts" / "ruff"
    if unpacked.exists():  # as `sam build` leaves it, which unpacks packages into a layer without installing them
        return Ruff(_executable(unpacked))
    try:
        return Ruff(ruff.find_ruff_bin())
    except FileNotFoundError as error:
        raise LintFailedError(f"ruff is not installed: {error}. Install the lint's requirements.") from error


@cache
def _executable(binary: Path) -> str:
    """A copy that may be run, of one whose right to be run was lost on the way; it goes with this process."""
    folder = Path(tempfile.mkdtemp(prefix="dag-lint-ruff-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copyfile(binary, folder / "ruff")
    (folder / "ruff").chmod(0o700)
    return str(folder / "ruff")


def _parsed(output: bytes) -> list[dict[str, Any]]:
    try:
        messages = json.loads(output)
    except ValueError as error:
        raise _RuffCrashedError from error
    if not isinstance(messages, list):
        raise _RuffCrashedError
    return messages


def _by_key(messages: list[dict[str, Any]], files: Mapping[str, Path]) -> dict[str, list[RuffMessage]]:
    keys = {str(path): key for key, path in files.items()}
    found: dict[str, list[RuffMessage]] = {key: [] for key in files}
    lines: dict[str, list[bytes]] = {}
    proven = set()
    for message in messages:
        key = keys[message["filename"]]
        if message["code"] == PROOF:
            proven.add(key)
        else:
            mend = (message.get("fix") or {}).get("message")
            doubtful = False
            if message["code"] in PASSWORDS:
                if key not in lines:
                    lines[key] = files[key].read_bytes().splitlines()
                doubtful = _NO_PASSWORD.fullmatch(_place(message, lines[key])) is not None
            row = message["location"]["row"]
            found[key].append(RuffMessage(row, message["code"], message["message"], mend, doubtful))
    missing = sorted(set(files) - proven)
    if missing:
        raise LintFailedError(f"ruff looked at {len(proven)} of {len(files)} files, not at {', '.join(missing[:5])}")
    return found


def _place(message: Mapping[str, Any], lines: list[bytes]) -> str:
    """The text that the message is about; empty if it is more than a line."""
    start, end = message["location"], message["end_location"]
    if start["row"] != end["row"]:
        return ""
    line = lines[start["row"] - 1].decode(errors="replace")
    told: str = line[start["column"] - 1 : end["column"] - 1]
    return told
