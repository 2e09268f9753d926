"""One bucket, one file system, and what must hold of them at every moment."""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from control_plane.dag_releases import Content, DagReleases
from dag_sync.collection import collect
from dag_sync.dag_bucket import DagBucket
from dag_sync.delivery import Delivery
from dag_sync.file_system import FileSystem
from dag_sync.release_store import ReleaseStore
from farflow import releases
from tests.integration.delivery.memory_bucket import MemoryS3

BUCKET = "dags"
Tree = dict[str, str]


def now() -> datetime:
    return datetime.now(UTC)


def contents(tree: Tree) -> list[Content]:
    return [
        Content(path, hashlib.sha256(text.encode()).hexdigest(), len(text.encode()), False, text.encode)
        for path, text in tree.items()
    ]


class World:
    """Invariants are looked at by a reader that has nothing but the mounted file system, as Airflow does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("releases", "objects", "spare"):  # as taking the lock for the first time does
            (root / folder).mkdir()
        self.s3 = MemoryS3()
        self.seen: list[str] = []
        self._verified: set[str] = set()

    def publisher(self, step: Callable[[], None] = lambda: None) -> DagReleases:
        return DagReleases(cast("Any", self.s3.sharing(step)), BUCKET)

    def upload(self, tree: Tree, s3: MemoryS3 | None = None) -> None:
        for path, text in tree.items():
            (s3 or self.s3).put_object(Bucket=BUCKET, Key=f"dags/{path}", Body=text.encode())

    def deliver(
        self, step: Callable[[], None] = lambda: None, files: FileSystem | None = None, sweep: bool = False
    ) -> None:
        """One invocation of `dag_sync`, without the lock: nothing that is promised may depend on it."""
        s3 = cast("Any", self.s3.sharing(step))
        bucket, store = DagBucket(s3, BUCKET, "dags/"), UnlockedStore(self.root, files)
        Delivery(bucket, DagReleases(s3, BUCKET), store, now, lambda seconds: None).run()
        if sweep:
            word = {"observed_at": now().isoformat(), "releases": []}
            self.s3.put_object(Bucket=BUCKET, Key="IN_USE.json", Body=json.dumps(word).encode())
            collect(store, bucket, now())
        store.prepare(bucket.fetch)

    def served(self) -> Tree:
        current = releases.current_release(self.root)
        return {} if current is None else self._tree(current)

    def _tree(self, release_id: str) -> Tree:
        folder = releases.dags_folder(self.root, release_id)
        return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}

    def look(self) -> None:
        """What a reader sees now: a complete release, exactly as its manifest says, and none older than before."""
        current = releases.current_release(self.root)
        if current is None:
            assert not self.seen, "a release was there, and is gone"
            return
        if not self.seen or self.seen[-1] != current:
            assert not self.seen or current > self.seen[-1], f"{current} came after {self.seen[-1]}"
            self.seen.append(current)
        if current not in self._verified:
            manifest = DagReleases(cast("Any", self.s3.sharing(lambda: None)), BUCKET).release(current)
            found = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in self._tree(current).items()}
            assert found == {file.path: file.sha256 for file in manifest.files}, (
                f"{current} is not what its manifest says"
            )
            self._verified.add(current)


class UnlockedStore(ReleaseStore):
    """The store of a writer that lost its lock without knowing. One thread, so that a test decides each step."""

    def in_parallel(self, work: Callable[[Any], Any], items: Any) -> list[Any]:
        return [work(item) for item in items]

    def claim(self) -> None:
        self._token = secrets.token_hex(8)

    def _check_lock(self) -> None:
        pass

    def leftovers(self) -> bool:
        return True


def fresh_root() -> Path:
    """In memory where there is such a file system: thousands of them are made."""
    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="farflow-", dir=shm if shm.is_dir() else None))
