"""A folder of DAGs as the lint sees it: bytes by path, never followed links."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

FILE = 0o100644
LINK = 0o120000
SUBMODULE = 0o160000
"""Modes as git writes them into a tree. Source: https://git-scm.com/docs/git-fast-import#_filemodify"""

NOT_PUSHED = frozenset({".git", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"})
"""Folders that tools make beside the code. A folder on disk is read without them; a pushed commit is not."""


@dataclass(frozen=True)
class Entry:
    """A file's git mode and its bytes; None for what has none of its own, a link or a submodule.

    `size_bytes` is known even where the bytes were too many to fetch: then `content` is None and the mode a file's.
    """

    mode: int = FILE
    content: bytes | None = None
    size_bytes: int = -1

    def __post_init__(self) -> None:
        if self.size_bytes < 0:
            object.__setattr__(self, "size_bytes", len(self.content or b""))


@dataclass(frozen=True)
class DagTree(Mapping[str, Entry]):
    """Entries by path: relative, `/` between segments, in git's own spelling."""

    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))
    _lines: dict[str, list[bytes]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Of files that were asked for: a file may have as many findings as lines."""

    def __getitem__(self, path: str) -> Entry:
        return self.entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def content(self, path: str) -> bytes | None:
        """The bytes at `path`; None when there is no such file or it has none."""
        entry = self.entries.get(path)
        return entry.content if entry else None

    def line(self, path: str, number: int) -> str:
        """Line `number`, counted from 1, without the spaces around it; empty when there is none."""
        if path not in self._lines:
            self._lines[path] = (self.content(path) or b"").splitlines()
        lines = self._lines[path]
        return lines[number - 1].decode(errors="replace").strip() if 0 < number <= len(lines) else ""


PUBLISHED_DOT_FILE = ".airflowignore"


def is_published(path: str) -> bool:
    """Whether a release holds the file: all but those that begin with a dot, or lie in a folder that does."""
    return not any(part.startswith(".") and part != PUBLISHED_DOT_FILE for part in path.split("/"))


def tree_of(contents: Mapping[str, bytes]) -> DagTree:
    """The tree of these regular files."""
    return DagTree({path: Entry(FILE, content) for path, content in contents.items()})


def read_folder(folder: Path, file_bytes: int) -> DagTree:
    """The tree below `folder`. Links stay links; a file of more than `file_bytes` is named without being read.

    Raises `NotADirectoryError`, and `OSError` for a file that cannot be read: what was not seen must not pass.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder")
    entries: dict[str, Entry] = {}
    _read_below(folder, "", entries, file_bytes)
    return DagTree(entries)


def _read_below(folder: Path, prefix: str, entries: dict[str, Entry], file_bytes: int) -> None:
    with os.scandir(folder) as found:
        for item in sorted(found, key=lambda item: item.name):
            path = prefix + item.name
            mode = item.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                if item.name not in NOT_PUSHED:
                    _read_below(Path(item.path), f"{path}/", entries, file_bytes)
            elif stat.S_ISREG(mode):
                entries[path] = _read_file(Path(item.path), item.stat(follow_symlinks=False).st_size, file_bytes)
            else:
                entries[path] = Entry(LINK)  # a link, or a pipe or device, which is as little a file


def _read_file(path: Path, size_bytes: int, file_bytes: int) -> Entry:
    return Entry(FILE, None if size_bytes > file_bytes else path.read_bytes(), size_bytes)
