"""Contents of files that were fetched before, by their ids, on the disk that a Lambda keeps between invocations."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path

from .git_objects import object_id


class BlobCache:
    """Holds `limit_bytes` at most and starts anew when it is full. What is read is verified: nothing is trusted.

    May be used by several threads at once.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._bytes = sum(path.stat().st_size for path in folder.iterdir())

    def read(self, sha: str) -> bytes | None:
        """None where it is not there, or is another content than its id says."""
        try:
            content = (self._folder / sha).read_bytes()
        except FileNotFoundError:
            return None
        return content if object_id("blob", content, sha) == sha else None

    def write(self, sha: str, content: bytes) -> None:
        """All of it or nothing."""
        if len(content) > self._limit_bytes:
            return
        with self._lock:
            if self._bytes + len(content) > self._limit_bytes:
                shutil.rmtree(self._folder)
                self._folder.mkdir()
                self._bytes = 0
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                file.write(content)
            Path(file.name).rename(self._folder / sha)
            self._bytes += len(content)
