"""Releases on the file system that Airflow mounts.

    releases/20261120T101500.000000Z-6f1c…/   complete, and never changed again
    current -> releases/20261120T101500…      the release that Airflow reads

A release is built beside the others under a temporary name and renamed when it is complete; then
`current` is replaced by a rename, which a reader sees wholly or not at all.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from .release import DagObject, Release

FETCH_THREADS = 16

KEPT_RELEASES = 5
"""Besides what `current` names. An NFS client may see the former link for a minute, and read there."""

TEMPORARY_PREFIX = ".building-"

Fetch = Callable[[DagObject, Path], None]


class ReleaseStore:
    """The folder `root`. All methods but `served_folder` are for the holder of `lock`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._releases = root / "releases"
        self._current = root / "current"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Waits for the file system's one writer to finish, in this function's instance or another.

        Between listing and switching nobody else may do so, or an older listing could win. A POSIX lock: on
        EFS it holds across clients, and ends with the client that held it.
        Source: https://docs.aws.amazon.com/efs/latest/ug/features.html#consistency
        """
        self._releases.mkdir(parents=True, exist_ok=True)
        with (self._root / ".lock").open("w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            yield

    def served_folder(self) -> str | None:
        """The folder name of the release that `current` names, None when there is none."""
        try:
            return self._current.readlink().name
        except FileNotFoundError:
            return None

    def publish(self, release: Release, fetch: Fetch, now: datetime) -> str:
        """Build `release`, make `current` name it, and return its folder name.

        Raises what `fetch` raises; what was served goes on being served then.
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
        return name

    def prune(self) -> list[str]:
        """Remove what interrupted builds left, and the oldest releases. Returns the names removed."""
        served = self.served_folder()
        complete = sorted(
            folder.name
            for folder in self._releases.iterdir()
            if not folder.name.startswith(TEMPORARY_PREFIX) and folder.name != served
        )
        removed = complete[:-KEPT_RELEASES]
        abandoned = [folder.name for folder in self._releases.glob(f"{TEMPORARY_PREFIX}*")]
        for name in [*removed, *abandoned]:
            shutil.rmtree(self._releases / name)
        for link in self._root.glob(".current-*"):
            link.unlink()
        return [*removed, *abandoned]
