"""Which paths a release of DAGs may hold: those that name one and the same file on every system that reads them.

The lint, which installs by itself, asks the same of a commit, and more: tests/contract/test_path_rules.py names each
difference.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NAME_BYTES = 255
"""A path segment's limit on EFS. Source: https://docs.aws.amazon.com/efs/latest/ug/limits.html"""

PATH_BYTES = 900
"""Shorter than an S3 key may be (1,024), and with a release's folder before it than a path may be (4,096)."""

_PLAIN = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_. -]*/)*[A-Za-z0-9_-][A-Za-z0-9_. -]*")
"""Nothing can be wrong with such a path, if it is short."""

NAMED_AT_MOST = 20
"""So many mistakes are named in one message; more would be no help, and a log line has a limit."""


class RefusedFilesError(ValueError):
    """The files cannot be a release; the message names each bad one, and nothing of them is published."""


@dataclass(frozen=True)
class Limits:
    """What a release may hold at most. Beyond, something else than DAGs was uploaded."""

    file_bytes: int = 64 * 1024 * 1024
    total_bytes: int = 2 * 1024 * 1024 * 1024
    files: int = 100_000


def check(sizes: Iterable[tuple[str, int]], limits: Limits | None = None) -> None:
    """Raise `RefusedFilesError` unless all paths, each with its size in bytes, can be files of one release.

    Paths are relative, with `/` between segments.
    """
    bounds = limits or Limits()
    files = dict(sizes)
    mistakes = [f"{path!r} {mistake}" for path in sorted(files) for mistake in _mistakes(path, files[path], bounds)]
    mistakes += _collisions(files)
    if len(files) > bounds.files:
        mistakes.append(f"{len(files)} files are more than {bounds.files}")
    if sum(files.values()) > bounds.total_bytes:
        mistakes.append(f"{sum(files.values())} bytes are more than {bounds.total_bytes}")
    if mistakes:
        more = f"; and {len(mistakes) - NAMED_AT_MOST} more" if len(mistakes) > NAMED_AT_MOST else ""
        raise RefusedFilesError("; ".join(mistakes[:NAMED_AT_MOST]) + more)


def _mistakes(path: str, size_bytes: int, limits: Limits) -> Iterator[str]:
    if size_bytes > limits.file_bytes:
        yield f"has {size_bytes} bytes, more than {limits.file_bytes}"
    if len(path) <= NAME_BYTES and _PLAIN.fullmatch(path):
        return  # nearly all are
    segments = path.split("/")
    if path.startswith("/"):
        yield "is an absolute path"
    elif any(segment in ("", ".", "..") for segment in segments):
        yield "has an empty, '.' or '..' segment"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        yield "has a control character"
    elif any(len(segment.encode()) > NAME_BYTES for segment in segments):
        yield f"has a segment of more than {NAME_BYTES} bytes"
    elif len(path.encode()) > PATH_BYTES:
        yield f"has more than {PATH_BYTES} bytes"


def _collisions(paths: Iterable[str]) -> list[str]:
    """Names that are one on some system: a file that is also a folder, or two that differ by case or Unicode form."""
    files = set(paths)
    mistakes = []
    spellings: dict[str, str] = {}
    folders = folders_of(files)
    for path in sorted(files | folders):
        spelling = path.casefold() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
        known = spellings.setdefault(spelling, path)
        if known != path:
            mistakes.append(f"{path!r} and {known!r} differ only by case or Unicode form")
    mistakes += [f"{path!r} is a file and a folder at once" for path in files & folders]
    return sorted(mistakes)


def folders_of(paths: Iterable[str]) -> set[str]:
    """Every folder that holds one of the files, at any depth: of `a/b/c`, `a/b` and `a`."""
    folders: set[str] = set()
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders
