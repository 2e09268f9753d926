"""Plain uploads: what a listing of the bucket's `dags/` means as a release."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class UploadedFile:
    """One object as listed, and the path that it has in a release."""

    path: str
    key: str
    etag: str
    size_bytes: int
    modified_at: datetime


@dataclass(frozen=True)
class Listing:
    """What is uploaded at one moment, sorted by key."""

    files: tuple[UploadedFile, ...]

    @property
    def digest(self) -> str:
        """Another one means that somebody uploaded or removed something, be it the same again; that of nothing is `NO_UPLOADS`."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(f"{file.key}\0{file.etag}\0{file.modified_at.timestamp()}\0".encode())
        return digest.hexdigest()

    def changed_at(self, known: Iterable[tuple[str, str]], now: datetime) -> datetime:
        """When the newest upload beyond the `known` (key, etag) was made; `now` where only removals are new."""
        before = set(known)
        return max((file.modified_at for file in self.files if (file.key, file.etag) not in before), default=now)


def listing_of(objects: Iterable[tuple[str, str, int, datetime]], prefix: str) -> Listing:
    """From (key, etag, size in bytes, time of upload) of each object below `prefix`."""
    files = (
        UploadedFile(key.removeprefix(prefix), key, etag, size_bytes, modified_at)
        for key, etag, size_bytes, modified_at in objects
        if not (key.endswith("/") and size_bytes == 0)  # a "folder" as the console makes it
    )
    return Listing(tuple(sorted(files, key=lambda file: file.key)))


def is_newer(listing: Listing, made_of_uploads: bool, moved_at: datetime) -> bool:
    """Whether changed uploads are a newer will than the newest release, which became that at `moved_at`.

    An upload has a time, a removal has none. With nothing uploaded since, changes are taken for removals where the
    release was made of uploads itself, and for old ones that were not looked at in time where it was published.
    """
    return made_of_uploads or any(file.modified_at >= moved_at for file in listing.files)
