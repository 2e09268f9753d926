"""Decides what the next release is: a listing of the bucket against what the file system serves.

A release is the whole set of DAG files at one moment. Its digest names its content; two listings with
the same digest are the same release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

DIGEST_CHARACTERS = 16
TIME_FORMAT = "%Y%m%dT%H%M%S.%fZ"
NAME_BYTES = 255
"""A path segment's limit on EFS. Source: https://docs.aws.amazon.com/efs/latest/ug/limits.html"""


class ReleaseError(Exception):
    """The listing cannot become a release; nothing of it is published."""


@dataclass(frozen=True)
class DagObject:
    """One object of the bucket, as listed."""

    key: str
    etag: str
    size_bytes: int


@dataclass(frozen=True)
class DagFile:
    """One file of a release: where it goes, and which object it is a copy of."""

    path: PurePosixPath
    source: DagObject


@dataclass(frozen=True)
class Release:
    """A complete set of DAG files, sorted by path."""

    digest: str
    files: tuple[DagFile, ...]

    def folder_name(self, now: datetime) -> str:
        """A name that was never used, whose order is that of time and whose end is the digest.

        Content that returns gets a new folder with fresh modification times: the DAG processor parses
        by those.
        """
        return f"{now.strftime(TIME_FORMAT)}-{self.digest}"


@dataclass(frozen=True)
class Publish:
    """The bucket holds something else than what is served."""

    release: Release
    reason: str


@dataclass(frozen=True)
class Keep:
    """What is served is what the bucket holds."""

    reason: str


def published_at(folder_name: str) -> datetime:
    """When the release of that folder name was made."""
    return datetime.strptime(folder_name.partition("-")[0], TIME_FORMAT).replace(tzinfo=UTC)


def release_of(objects: Iterable[DagObject], prefix: str) -> Release:
    """The release that the listed `objects` make, with `prefix` taken off their keys.

    Raises `ReleaseError` naming every key that cannot be a file below the release's folder.
    """
    files = []
    refused = []
    for item in objects:
        if item.key.endswith("/") and item.size_bytes == 0:
            continue  # a "folder" as the console makes it
        relative = item.key.removeprefix(prefix)
        if is_safe(relative):
            files.append(DagFile(PurePosixPath(relative), item))
        else:
            refused.append(item.key)
    if refused:
        raise ReleaseError(f"these keys cannot be files: {', '.join(map(repr, sorted(refused)))}")
    files.sort(key=lambda file: file.path)
    paths = {file.path for file in files}
    both = sorted({str(parent) for path in paths for parent in path.parents if parent in paths})
    if both:
        raise ReleaseError(f"these keys are a file and a folder at once: {', '.join(both)}")
    return Release(_digest(files), tuple(files))


def is_safe(relative: str) -> bool:
    """Whether `relative`, a key without its prefix, names a file that stays below its folder."""
    return "\0" not in relative and all(
        segment not in ("", ".", "..") and len(segment.encode()) <= NAME_BYTES for segment in relative.split("/")
    )


def decide(release: Release, served_folder: str | None) -> Publish | Keep:
    """What to do, given the folder name of the release that is served, None when there is none."""
    if served_folder is None:
        return Publish(release, "nothing is served yet")
    if served_folder.rpartition("-")[2] == release.digest:
        return Keep("the bucket holds what is served")
    return Publish(release, f"the bucket changed since {served_folder}")


def _digest(files: Iterable[DagFile]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.path}\0{file.source.etag}\0{file.source.size_bytes}\0".encode())
    return digest.hexdigest()[:DIGEST_CHARACTERS]
