"""Releases on the file system that Airflow mounts.

    objects/3f/3f2a…                 content, each verified once; releases are hard links to it
    releases/0000000007-…/dags/…     complete when it is there, and never changed again
    releases/0000000007-…/manifest.json
    spare/0000000007-…/dags/…        another set of links to the same, in which the next release needs only what is new
    uploads.jsonl                    what was read of plain uploads
    HEAD                             the newest release, for clients that cache folders

What makes a release the current one is the rename that puts its folder there: the current release is the complete one
with the highest sequence. That rename is atomic, so no writer can half-do or undo it, whatever happened to its lock.
The lock spares work: two writers at once would fetch everything twice.

An NFS client may go on seeing a folder's former listing for a minute, but asks the server whenever a file is opened.
Hence HEAD: it is overwritten in place, and each reader takes whichever is newer, what it names or what is listed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from control_plane import dag_release
from control_plane.dag_paths import folders_of
from control_plane.dag_release import DagFile, ManifestError, Release

from .file_system import FileSystem

THREADS = 32
CHUNK_BYTES = 1024 * 1024
LARGEST_FOLDER = 5_000
"""Files in a folder of a tree that is laid ready: one link after the other there, each some milliseconds on EFS."""
MOST_COPIES = 10
"""Of one content for one link. A copy takes more links than there are threads: where so many are refused, none is allowed."""
HEAD_BYTES = 256
"""HEAD is one record of this length, written at once: never shorter, never longer."""

Fetch = Callable[[DagFile], Iterable[bytes]]


class StoreError(Exception):
    """The file system does not hold what it should; what was served goes on being served."""


class LockLostError(StoreError):
    """Another writer took over. Nothing of this one's is served."""


class WrongContentError(StoreError):
    """What was fetched is not what the manifest names."""


@dataclass(frozen=True)
class Stored:
    """Content that is in the store now."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Built:
    """What a release took."""

    files_fetched: int
    bytes_fetched: int
    files_linked: int


class ReleaseStore:
    """The folder `root`. What writes is for the holder of the lock."""

    def __init__(self, root: Path, files: FileSystem | None = None) -> None:
        self._root = root
        self._releases = root / "releases"
        self._objects = root / "objects"
        self._spares = root / "spare"
        self._head = root / "HEAD"
        self._uploads = root / "uploads.jsonl"
        self._files = files or FileSystem()
        self._lock: TextIO | None = None
        self._token = ""
        self._unclean = False
        self._copying = threading.Lock()
        self._last_read: Release | None = None

    # ---- reading -----------------------------------------------------------------------------------

    def current_id(self) -> str | None:
        """The release that readers see, None before the first."""
        ids = self.ids()
        hinted = read_head(self._files, self._head)
        if hinted and hinted not in ids:
            with suppress(FileNotFoundError):
                self._files.read(self._manifest(hinted))
                ids.append(hinted)
        return max(ids, key=lambda one: (dag_release.sequence_of(one), one), default=None)

    def ids(self) -> list[str]:
        """Every complete release, oldest first."""
        try:
            names = self._files.names(self._releases)
        except FileNotFoundError:
            return []
        return sorted(name for name in names if dag_release.is_release_id(name))

    def manifest(self, release_id: str) -> Release:
        """The release of that id, as it was written beside its files. Raises FileNotFoundError, `ManifestError`.

        Of ten thousand files it takes a while to read: the last one is remembered.
        """
        if self._last_read is None or self._last_read.id != release_id:
            self._last_read = dag_release.from_json(self._files.read(self._manifest(release_id)), release_id)
        return self._last_read

    def _manifest(self, release_id: str) -> Path:
        return self._releases / release_id / "manifest.json"

    # ---- writing -----------------------------------------------------------------------------------

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Wait for the file system's one writer to finish, in this function's instance or another.

        A POSIX lock: on EFS it holds across clients, and ends with the client that held it. The file holds the token
        of whoever took it last: a writer whose lock was lost without its knowing finds another's there, and stops.
        Source: https://docs.aws.amazon.com/efs/latest/ug/features.html#consistency
        """
        with self._open_lock() as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            self._lock, self._token = file, secrets.token_hex(8)
            self._unclean = self._holder() != ""
            try:
                yield
                if self._holder() == self._token and not self._unclean:
                    file.truncate(0)
            finally:
                self._lock = None

    def _open_lock(self) -> TextIO:
        there = self._files.names(self._root)
        for folder in (self._releases, self._objects, self._spares):
            if folder.name not in there:  # at first, and when somebody removed it
                self._files.make_folder(folder)
        path = self._root / ".lock"
        return path.open("r+" if path.exists() else "a+")

    def _holder(self) -> str:
        """Read through the one open file of the lock: closing any other of the same path would give it up (fcntl(2))."""
        if self._lock is None:
            raise RuntimeError("writing is for the holder of the lock")
        self._lock.seek(0)
        return self._lock.read()

    def claim(self) -> None:
        """Leave one's token in the lock's file, and there it stays when the writer does not come to its end.

        Not before there is something to write: most looks find nothing new.
        """
        if self._holder() == self._token or self._lock is None:
            return
        if self._unclean:  # trees of a writer that was killed: one at most, or they would fill the file system
            for name in self._left_behind():
                self._remove_folder(self._releases / name)
        self._lock.seek(0)
        self._lock.write(self._token)
        self._lock.truncate()
        self._lock.flush()

    def _check_lock(self) -> None:
        if self._holder() != self._token:
            raise LockLostError("another writer took the lock over")

    def add(self, chunks: Iterable[bytes], executable: bool = False, expected: str = "") -> Stored:
        """Put content into the store under its own hash, once it is written whole.

        It is written in the folder where it is `expected` to end: a client changes a folder one call at a time, and a file
        system when a name moves from one to another. Source: https://docs.kernel.org/filesystems/directory-locking.html
        """
        incoming = self._incoming(expected)
        digest, size_bytes = hashlib.sha256(), 0
        mode = 0o755 if executable else 0o644
        with self._in_folder(incoming, lambda: self._files.create(incoming, mode)) as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size_bytes += len(chunk)
            self._files.finish(file)
        stored = Stored(digest.hexdigest(), size_bytes)
        target = self._object(stored.sha256, executable)
        self._in_folder(target, lambda: self._files.rename(incoming, target))
        return stored

    def _incoming(self, expected: str = "") -> Path:
        """A new name for what is being written. Where its writer is killed, `remove` clears it away."""
        folder = self._objects / (expected[:2] or f"{secrets.randbelow(256):02x}")
        return folder / f".incoming-{self._token}-{secrets.token_hex(8)}"

    def _in_folder[Result](self, path: Path, work: Callable[[], Result]) -> Result:
        """Of the folders for content each is made when it is first needed."""
        try:
            return work()
        except FileNotFoundError:
            self._files.make_folder(path.parent)
            return work()

    def known_uploads(self) -> dict[tuple[str, str], DagFile]:
        """What was read of plain uploads before, by key and etag; also by a sync that did not come to its end."""
        try:
            lines = self._files.read(self._uploads).splitlines()
        except FileNotFoundError:
            return {}
        known = (dag_release.file_from_json(line) for line in lines)
        return {(file.upload.key, file.upload.etag): file for file in known if file and file.upload}

    def remember_uploads(self, files: Iterable[DagFile]) -> None:
        """Add to what is known. A line that a crash cut off is none."""
        self.claim()
        self._files.append(self._uploads, b"".join(b"\n" + dag_release.file_to_json(file) for file in files))

    def forget_uploads_but(self, files: Iterable[DagFile]) -> None:
        """Keep no more than `files` of what is known."""
        self.claim()
        rewritten = self._incoming()
        content = b"".join(b"\n" + dag_release.file_to_json(file) for file in files)
        self._in_folder(rewritten, lambda: self._files.append(rewritten, content))
        self._files.rename(rewritten, self._uploads)

    def in_parallel[Item, Result](self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """File systems and S3 answer slowly, and many requests at once."""
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(work, items))

    def publish(self, release: Release, fetch: Fetch) -> Built:
        """Build `release`, make it the current one, and read that back.

        Content that the store has is linked, not fetched. Raises what `fetch` raises, `WrongContentError`,
        `LockLostError`, OSError; what was served goes on being served then, and what was fetched is not fetched again.
        """
        self.claim()
        spare, before = self._spare(release)
        fetched = self._fetch_missing(before, release.files, fetch)
        building = self._releases / f".building-{self._token}-{release.id}"
        before = self._begin(building, spare, before)
        try:
            links = self._lay(building / "dags", before, release.files, fetch)
            with self._files.create(building / "manifest.json", 0o644) as manifest:
                manifest.write(release.manifest)
                self._files.finish(manifest)
            self._check_lock()
            self._complete(building, self._releases / release.id)
        except Exception:
            with suppress(OSError):  # else each try would leave a tree behind
                self._remove_folder(building)
            raise
        self.point_at(release.id)
        self._read_back(release)
        return Built(len(fetched), sum(fetched), links - len(fetched))

    def prepare(self, fetch: Fetch) -> None:
        """Have a tree lie ready that is as the current release's, for the next one to begin with.

        None for a release with a folder so large that making its links could take the whole of the function's time.
        """
        current = self.current_id()
        spares = self._files.names(self._spares)
        if current is None or current in spares:
            return
        try:
            files = self.manifest(current).files
        except (FileNotFoundError, ManifestError):
            return
        self.claim()
        for name in spares:
            self._remove_folder(self._spares / name)
        if max(Counter(_folder(file) for file in files).values(), default=0) > LARGEST_FOLDER:
            return
        building = self._releases / f".building-{self._token}-spare"
        self._begin(building, None, ())
        self._lay(building / "dags", (), files, fetch)
        self._complete(building, self._spares / current)

    def _spare(self, release: Release) -> tuple[Path | None, Sequence[DagFile]]:
        """The tree that lies ready and the files in it; None where there is none, or more to change in it than to build."""
        for name in self._files.names(self._spares):
            with suppress(FileNotFoundError, ManifestError):
                files = self.manifest(name).files
                if len(_entries(files) ^ _entries(release.files)) <= len(release.files):
                    return self._spares / name, files
        return None, ()

    def _fetch_missing(self, before: Sequence[DagFile], after: Sequence[DagFile], fetch: Fetch) -> list[int]:
        """Have the store hold all content of `after`, as it does that of `before`; the bytes of each that was fetched."""
        there = {(file.sha256, file.executable) for file in before}
        new = {(file.sha256, file.executable): file for file in after if (file.sha256, file.executable) not in there}
        return [
            size for size in self.in_parallel(lambda file: self._fetch(file, fetch), new.values()) if size is not None
        ]

    def _fetch(self, file: DagFile, fetch: Fetch) -> int | None:
        """How many bytes that were; None when the store had it."""
        if self._files.exists(self._object(file.sha256, file.executable)):
            return None
        stored = self.add(fetch(file), file.executable, file.sha256)
        if stored.sha256 != file.sha256:
            raise WrongContentError(f"{file.path!r} should be {file.sha256}, and is {stored.sha256}")
        return stored.size_bytes

    def _begin(self, building: Path, spare: Path | None, before: Sequence[DagFile]) -> Sequence[DagFile]:
        """Make `building`, of what lies ready where there is such. Returns the files in it."""
        if spare:
            with suppress(FileNotFoundError):  # another writer took it
                self._files.rename(spare, building)
                return before
        self._files.make_folder(building)
        self._files.make_folder(building / "dags")
        return ()

    def _lay(self, dags: Path, before: Sequence[DagFile], after: Sequence[DagFile], fetch: Fetch) -> int:
        """Have `dags` hold the files of `after`, where it holds those of `before`. Returns the number of links made."""
        there, wanted = _entries(before), _entries(after)
        self.in_parallel(self._files.remove, [dags / path for path, *_ in there - wanted])
        folders_there, folders_wanted = (folders_of(file.path for file in files) for files in (before, after))
        for folder in sorted(folders_there - folders_wanted, reverse=True):
            self._files.remove_folder(dags / folder)
        for folder in sorted(folders_wanted - folders_there):
            self._files.make_folder(dags / folder)
        new = _in_turns(file for file in after if _entry(file) not in there)
        self.in_parallel(lambda file: self._place(file, dags, fetch), new)
        return len(new)

    def _complete(self, building: Path, target: Path) -> None:
        """At once, and never changed again."""
        try:
            self._files.rename(building, target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            self._files.remove_tree(building)  # another client built it, and this one's listing was old

    def _place(self, file: DagFile, dags: Path, fetch: Fetch) -> None:
        """Link a file below `dags`."""
        source = self._object(file.sha256, file.executable)
        try:
            self._link(source, dags / file.path, file.executable)
        except FileNotFoundError:  # what the store should have is gone
            self._fetch(file, fetch)
            self._link(source, dags / file.path, file.executable)

    def _link(self, source: Path, target: Path, executable: bool) -> None:
        try:
            self._files.link(source, target)
        except OSError as error:
            if error.errno != errno.EMLINK:
                raise
            # EFS allows a file 177 links. A copy takes its place in the store, and the next links.
            # Source: https://docs.aws.amazon.com/efs/latest/ug/limits.html
            with self._copying:
                self._link_copy(source, target, executable)

    def _link_copy(self, source: Path, target: Path, executable: bool) -> None:
        """Other threads may have copied it meanwhile, and may use up the links of a copy before this one has its own."""
        for left in reversed(range(MOST_COPIES)):
            try:
                self._files.link(source, target)
            except OSError as error:
                if error.errno != errno.EMLINK or not left:
                    raise
                self._copy(source, executable)
            else:
                return

    def _copy(self, source: Path, executable: bool) -> None:
        sha256 = source.name[:64]
        copied = self.add([self._files.read(source)], executable, sha256)
        if copied.sha256 != sha256:
            self._files.remove(source)
            raise FileNotFoundError(errno.ENOENT, "what the store had was damaged", str(source))

    def point_at(self, release_id: str) -> None:
        """Have HEAD name `release_id`, unless it names a newer one."""
        hinted = read_head(self._files, self._head)
        if hinted is None or dag_release.sequence_of(hinted) < dag_release.sequence_of(release_id):
            self._files.overwrite(self._head, head_record(release_id))

    def _read_back(self, release: Release) -> None:
        current = self.current_id()
        if current is None or dag_release.sequence_of(current) < release.sequence:
            raise StoreError(f"{release.id} was written, and {current} is what can be read")
        if current == release.id and self._files.read(self._manifest(release.id)) != release.manifest:
            raise StoreError(f"{release.id} was written, and reads otherwise")
        self._last_read = release

    def _object(self, sha256: str, executable: bool) -> Path:
        return self._objects / sha256[:2] / (f"{sha256}-x" if executable else sha256)

    # ---- removing ----------------------------------------------------------------------------------

    def served_since(self, release_id: str) -> float:
        """When it became the current one, in seconds since the epoch."""
        return self._files.modified_at(self._manifest(release_id))

    def leftovers(self) -> bool:
        """Whether interrupted writers left something behind. Asked by the holder of the lock: there is no other writer."""
        return self._unclean or bool(self._left_behind())

    def _left_behind(self) -> list[str]:
        return [name for name in self._files.names(self._releases) if name.startswith(".")]

    def remove(self, release_ids: Iterable[str]) -> None:
        """Remove releases that nobody reads, what interrupted builds left, and the content that nothing needs any more."""
        self.claim()
        for name in (*release_ids, *self._left_behind()):
            self._remove_folder(self._releases / name)
        needed = self._needed()
        if needed is not None:
            self.in_parallel(self._files.remove, [path for path in self._stored() if path not in needed])
            self._unclean = False

    def _needed(self) -> set[Path] | None:
        """The content of all releases; None when that is not known, for a manifest is lost."""
        try:
            manifests = [self.manifest(release_id) for release_id in self.ids()]
        except (FileNotFoundError, ManifestError):
            return None
        return {self._object(file.sha256, file.executable) for release in manifests for file in release.files}

    def _remove_folder(self, folder: Path) -> None:
        removed = self._releases / f".removed-{secrets.token_hex(8)}"
        # Out of its writer's reach first: one that lost its lock and still builds must not find half of it.
        with suppress(FileNotFoundError):
            self._files.rename(folder, removed)
            self.in_parallel(self._files.remove, self._files.files_below(removed))
            self._files.remove_tree(removed)

    def _stored(self) -> list[Path]:
        """With what was being written when its writer ended."""
        folders = [self._objects / name for name in self._files.names(self._objects)]
        found = self.in_parallel(lambda folder: [folder / name for name in self._files.names(folder)], folders)
        return [path for paths in found for path in paths]


def _entry(file: DagFile) -> tuple[str, str, bool]:
    """What of it is on the file system, wherever it comes from."""
    return file.path, file.sha256, file.executable


def _entries(files: Iterable[DagFile]) -> set[tuple[str, str, bool]]:
    return {_entry(file) for file in files}


def _folder(file: DagFile) -> str:
    return file.path.rpartition("/")[0]


def _in_turns(files: Iterable[DagFile]) -> list[DagFile]:
    """One of each folder, then the next of each: a client makes one link at a time in a folder, and many in many."""
    seen: Counter[str] = Counter()

    def turn(file: DagFile) -> int:
        seen[_folder(file)] += 1
        return seen[_folder(file)]

    return sorted(files, key=turn)


def head_record(release_id: str) -> bytes:
    """With its own checksum: whoever reads it in the moment of a write knows that it did."""
    checksum = hashlib.sha256(release_id.encode()).hexdigest()
    return json.dumps({"release": release_id, "sha256": checksum}).encode().ljust(HEAD_BYTES - 1) + b"\n"


def read_head(files: FileSystem, path: Path) -> str | None:
    """What HEAD names; None when there is none, or it was read in the moment of a write."""
    try:
        content = files.read(path)
        release_id = json.loads(content)["release"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    known = isinstance(release_id, str) and dag_release.is_release_id(release_id)
    return release_id if known and content == head_record(release_id) else None
