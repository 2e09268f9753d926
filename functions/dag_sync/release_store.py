"""Releases on the file system that Airflow mounts.

    releases/20261120T101500.000000Z-6f1c…/   complete, and never changed again
    current -> releases/20261120T101500…      the release that Airflow reads

A release is built beside the others under a temporary name and renamed when it is complete; then
`current` is replaced by a rename, which a reader sees wholly or not at all.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from .release import DagObject, Release, published_at

FETCH_THREADS = 16

KEPT_RELEASES = 5
KEPT_TIME = timedelta(minutes=10)
"""A release stays while it is among the newest five, and for ten minutes after another took its place.

An NFS client may see the former link for a minute, and read there.
"""

TEMPORARY_PREFIX = ".building-"

Fetch = Callable[[DagObject, Path], None]


class ReleaseStore:
    """The folder `root`. Everything but `lock` is for the holder of the lock."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._releases = root / "releases"
        self._current = root / "current"
        self._locked: TextIO | None = None

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Waits for the file system's one writer to finish, in this function's instance or another.

        Between listing and switching nobody else may do so, or an older listing could win. A POSIX lock: on
        EFS it holds across clients, and ends with the client that held it.
        Source: https://docs.aws.amazon.com/efs/latest/ug/features.html#consistency
        """
        self._releases.mkdir(parents=True, exist_ok=True)
        with (self._root / ".lock").open("a+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            self._locked = file
            try:
                yield
            finally:
                self._locked = None

    def served_folder(self) -> str | None:
        """The folder name of the release that `current` names, None when there is none (any more).

        Read from the locked file, not from the link: taking the lock is what makes an NFS client look at a file
        anew, while it may go on seeing another client's former link for a minute.
        """
        file = self._held_lock()
        file.seek(0)
        name = file.read()
        return name if name and self._current.exists() else None

    def _held_lock(self) -> TextIO:
        """The one open file of the lock: closing any other of the same path would give the lock up (fcntl(2))."""
        if self._locked is None:
            raise RuntimeError("the release store is for the holder of its lock")
        return self._locked

    def publish(self, release: Release, fetch: Fetch, now: datetime) -> str:
        """Build `release`, make `current` name it, and return its folder name.

        Raises what `fetch` raises; what was served goes on being served then. A crash between the link and the
        note of it makes the next call publish the same content once more, which harms nothing.
        """
        name = release.folder_name(now)
        building = self._releases / f"{TEMPORARY_PREFIX}{name}"
        building.mkdir()
        for folder in {building / file.path.parent for file in release.files}:
            folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(FETCH_THREADS) as pool:
            for _ in pool.map(lambda file: fetch(file.source, building / file.path), release.files):
                pass
        building.rename(self._releases / name)
        link = self._root / f".current-{name}"
        link.symlink_to(Path("releases") / name)
        link.rename(self._current)
        self._note_served(name)
        return name

    def _note_served(self, name: str) -> None:
        file = self._held_lock()
        file.truncate(0)
        file.write(name)
        file.flush()
        os.fsync(file.fileno())

    def prune(self, now: datetime) -> list[str]:
        """Remove what interrupted builds left, and releases that nobody reads. Returns the names removed."""
        complete = sorted(
            folder.name for folder in self._releases.iterdir() if not folder.name.startswith(TEMPORARY_PREFIX)
        )
        served = self.served_folder()
        removed = [
            name
            for name, successor in pairwise(complete)
            if name != served and name not in complete[-KEPT_RELEASES:] and now - published_at(successor) > KEPT_TIME
        ]
        abandoned = [folder.name for folder in self._releases.glob(f"{TEMPORARY_PREFIX}*")]
        for name in [*removed, *abandoned]:
            shutil.rmtree(self._releases / name)
        for link in self._root.glob(".current-*"):
            link.unlink()
        return [*removed, *abandoned]
