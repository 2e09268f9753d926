"""The calls by which a release store reads and changes its file system: what a test of crashes stands between."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO


class FileSystem:
    """Each call is one that NFS answers for, and may fail or be the last. Errors are OSError."""

    def names(self, folder: Path) -> list[str]:
        """What lies in `folder`."""
        return [path.name for path in folder.iterdir()]

    def read(self, path: Path) -> bytes:
        """The whole file. Opening it makes an NFS client ask the server for what is new."""
        return path.read_bytes()

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        return path.exists()

    def modified_at(self, path: Path) -> float:
        """Seconds since the epoch."""
        return path.stat().st_mtime

    def make_folder(self, path: Path) -> None:
        """In one that is there: what another moved away must not begin anew, half empty. One that is there already is well."""
        path.mkdir(exist_ok=True)

    def create(self, path: Path, mode: int) -> BinaryIO:
        """A new file with these permissions, open for writing."""
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) != mode:  # the process's mask took some away
            os.fchmod(file.fileno(), mode)
        return file

    def finish(self, file: BinaryIO) -> None:
        """Everything written is on the server when this returns."""
        file.flush()
        os.fsync(file.fileno())

    def overwrite(self, path: Path, content: bytes) -> None:
        """In place and at once, without a moment in which the file is empty."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(descriptor, content, 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def append(self, path: Path, content: bytes) -> None:
        """Everything written is on the server when this returns."""
        with path.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def link(self, source: Path, target: Path) -> None:
        """Another name for the same file."""
        os.link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        """At once. A file takes the place of another; a folder of none but an empty one."""
        source.rename(target)

    def remove(self, path: Path) -> None:
        """A file; none is well."""
        path.unlink(missing_ok=True)

    def remove_folder(self, path: Path) -> None:
        """An empty one."""
        path.rmdir()

    def files_below(self, folder: Path) -> list[Path]:
        """Every file in it, at any depth."""
        return [Path(parent, name) for parent, _, names in folder.walk() for name in names]

    def remove_tree(self, path: Path) -> None:
        """A folder, as far as it goes: what is left is removed the next time."""
        shutil.rmtree(path, ignore_errors=True)
