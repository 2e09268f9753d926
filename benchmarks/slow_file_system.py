"""A file system as far away as EFS is: each call that it must answer waits, and is counted.

A Linux client changes a folder one call at a time, whichever server is behind it, and makes one name at a time move
from a folder to another; calls in different folders run together.
Source: https://docs.kernel.org/filesystems/directory-locking.html
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dag_sync.file_system import FileSystem


class SlowFileSystem(FileSystem):
    """`calls` counts the metadata operations: what opens, names, links, moves, removes, lists or commits."""

    def __init__(self, seconds_per_call: float) -> None:
        self._seconds = seconds_per_call
        self._counting = threading.Lock()
        self._changing: defaultdict[Path | None, threading.Lock] = defaultdict(threading.Lock)
        self._calls = 0

    def counted(self) -> int:
        """The calls since the last time."""
        with self._counting:
            counted, self._calls = self._calls, 0
        return counted

    def wait(self, calls: int = 1) -> None:
        """As so many calls do."""
        with self._counting:
            self._calls += calls
        time.sleep(calls * self._seconds)

    @contextmanager
    def _change(self, folder: Path | None) -> Iterator[None]:
        with self._counting:
            lock = self._changing[folder]
        with lock:
            self.wait()
            yield

    def names(self, folder: Path) -> list[str]:
        self.wait()
        return super().names(folder)

    def read(self, path: Path) -> bytes:
        self.wait()
        return super().read(path)

    def exists(self, path: Path) -> bool:
        self.wait()
        return super().exists(path)

    def modified_at(self, path: Path) -> float:
        self.wait()
        return super().modified_at(path)

    def make_folder(self, path: Path) -> None:
        with self._change(path.parent):
            super().make_folder(path)

    def create(self, path: Path, mode: int) -> BinaryIO:
        with self._change(path.parent):
            return super().create(path, mode)

    def finish(self, file: BinaryIO) -> None:
        self.wait()
        super().finish(file)

    def overwrite(self, path: Path, content: bytes) -> None:
        self.wait(2)
        super().overwrite(path, content)

    def append(self, path: Path, content: bytes) -> None:
        self.wait(2)
        super().append(path, content)

    def link(self, source: Path, target: Path) -> None:
        with self._change(target.parent):
            super().link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        with self._change(target.parent if source.parent == target.parent else None):
            super().rename(source, target)

    def remove(self, path: Path) -> None:
        with self._change(path.parent):
            super().remove(path)

    def remove_folder(self, path: Path) -> None:
        with self._change(path.parent):
            super().remove_folder(path)

    def files_below(self, folder: Path) -> list[Path]:
        self.wait(1 + sum(path.is_dir() for path in folder.rglob("*")))
        return super().files_below(folder)

    def remove_tree(self, path: Path) -> None:
        self.wait(1 + sum(1 for _ in path.rglob("*")))
        super().remove_tree(path)
