"""The releases in the DAG bucket: the newest, those before it, and publishing another (`dag_release` says what is where)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from control_plane import dag_paths, dag_release
from control_plane.dag_release import DagFile, Head, ManifestError, Release

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

HEAD_KEY = "HEAD.json"
STATUS_KEY = "STATUS.json"
"""What `dag_sync` last served, and what it did not and why."""
CONFIRMATION_KEY = "CONFIRMED.json"
"""An operator's word that a release which `dag_sync` holds back is meant: `{"release": id}`."""

THREADS = 10
"""As many as botocore keeps connections, unless it is told otherwise."""

ATTEMPTS = 8
"""So many publishers may win before this one gives up."""

_LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict"}
"""S3's answers to a conditional write that came too late, or at the same moment as another.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""

_ABSENT = {"NoSuchKey", "NoSuchVersion", "404"}


class ReleaseError(Exception):
    """The request cannot be met; the message says why, and nothing was changed."""


class UnknownReleaseError(ReleaseError):
    """There is no such release (any more)."""


class NotWantedError(ReleaseError):
    """The caller does not want the release any more."""


@dataclass(frozen=True)
class Content:
    """A file to publish. `read` is called only when the bucket may not have the content yet."""

    path: str
    sha256: str
    size_bytes: int
    executable: bool
    read: Callable[[], bytes]

    @property
    def file(self) -> DagFile:
        """As the manifest has it."""
        return DagFile(self.path, self.sha256, self.size_bytes, self.executable)


@dataclass(frozen=True)
class Newest:
    """The release that the pointer names. `etag` is the pointer's, for moving it."""

    release: Release
    etag: str
    moved_at: datetime


@dataclass(frozen=True)
class Published:
    """`changed` is False when the newest release holds these very files already: it is `release` then."""

    release: Release
    changed: bool
    objects_written: int = 0
    bytes_written: int = 0


@dataclass(frozen=True)
class Uploads:
    """What a release of plain uploads is made of."""

    files: Sequence[DagFile]
    publisher: str
    changed_at: datetime
    commit: str | None = None


class DagReleases:
    """Errors of S3 itself are botocore's: what could not be read is never taken as absent."""

    def __init__(self, s3: S3Client, bucket: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._clock = clock

    def newest(self, known: Release | None = None) -> Newest | None:
        """None before the first release. Raises `ManifestError` when the pointer or its manifest is damaged.

        `known` is a release that the caller has: where it is the newest or the one before, the pointer says enough.
        """
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=HEAD_KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        head = dag_release.head_from_json(answer["Body"].read())
        release = (head.given(known) if known else None) or self._named(head)
        return Newest(release, answer["ETag"], answer["LastModified"])

    def _named(self, head: Head) -> Release:
        content = self._manifest(head.release_id)
        if not head.names(content):
            raise ManifestError(f"the manifest of {head.release_id} is not the one that HEAD.json names")
        return dag_release.from_json(content, head.release_id)

    def release(self, release_id: str) -> Release:
        """Raises `UnknownReleaseError`, `ManifestError`."""
        if not dag_release.is_release_id(release_id):
            raise UnknownReleaseError(f"{release_id!r} is no release id; `make releases` lists them")
        try:
            return dag_release.from_json(self._manifest(release_id), release_id)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                raise UnknownReleaseError(f"there is no release {release_id}; `make releases` lists them") from None
            raise

    def _manifest(self, release_id: str) -> bytes:
        key = dag_release.manifest_key(release_id)
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def history(self) -> Iterator[Release]:
        """From the newest back, as far as manifests are kept."""
        newest = self.newest()
        release = newest.release if newest else None
        while release is not None:
            yield release
            try:
                release = self.release(release.previous) if release.previous else None
            except UnknownReleaseError:
                return

    def publish(
        self,
        contents: Sequence[Content],
        *,
        publisher: str,
        commit: str | None = None,
        confirmed: bool = False,
        wanted: Callable[[], bool] = lambda: True,
    ) -> Published:
        """Make `contents` the newest release.

        `wanted` is asked before each attempt to move the pointer: a caller that publishes the head of a branch looks
        there. Raises `RefusedFilesError` for paths that cannot be files, `NotWantedError`, `ReleaseError` when other
        publishers won every time. A publisher that ends anywhere in here leaves objects that nothing names, no more.
        """
        files = [content.file for content in contents]
        dag_paths.check((file.path, file.size_bytes) for file in files)
        written: dict[str, int] = {}

        def prepare(newest: Newest | None) -> None:
            # What the newest release names stays while it is the newest, and the pointer moves only from it: that
            # alone may be relied on. An object that is there but unnamed could be collected at this very moment.
            named = {file.sha256 for file in newest.release.files if not file.upload} if newest else set()
            there = named | written.keys()
            absent = {content.sha256: content for content in contents if content.sha256 not in there}
            with ThreadPoolExecutor(THREADS) as pool:
                written.update(pool.map(self._write_object, absent.values()))

        published = self._advance(
            prepare,
            lambda newest: self._following(newest, files, publisher=publisher, commit=commit, confirmed=confirmed),
            wanted,
        )
        if not published.changed:
            return published
        return Published(published.release, True, len(written), sum(written.values()))

    def publish_uploads(
        self, base: Newest | None, origin: Uploads | Release, uploads_digest: str, served_sequence: int
    ) -> Release | None:
        """Make plain uploads the newest release, None when `base` is not the newest any more.

        With `base`'s own release as `origin`, only the uploads' digest is new: they were looked at, and are no newer will.
        """
        release = self._following(
            base,
            origin.files,
            publisher=origin.publisher,
            changed_at=origin.changed_at,
            commit=origin.commit,
            uploads_digest=uploads_digest,
            served_sequence=served_sequence,
        )
        return self._move(base, release)

    def rollback(self, release_id: str, publisher: str, *, confirmed: bool = False) -> Published:
        """Publish the files of an earlier release anew, under the next sequence.

        Raises `UnknownReleaseError`, and `ReleaseError` naming the files whose content is not kept any more.
        """
        old = self.release(release_id)

        def check_kept(newest: Newest | None) -> None:
            named = set(newest.release.files) if newest else set()
            with ThreadPoolExecutor(THREADS) as pool:
                doubtful = [file for file in old.files if file not in named]
                gone = [
                    file.path
                    for file, kept in zip(doubtful, pool.map(self._is_kept, doubtful), strict=True)
                    if not kept
                ]
            if gone:
                raise ReleaseError(f"{release_id} cannot come back, the bucket no longer has {', '.join(gone[:20])}")

        return self._advance(
            check_kept,
            lambda newest: self._following(
                newest, old.files, publisher=publisher, commit=old.commit, rollback_of=old.id, confirmed=confirmed
            ),
            lambda: True,
        )

    def _following(self, newest: Newest | None, files: Iterable[DagFile], **fields: Any) -> Release:
        """After what is served, too: a bucket that was made anew, or an old pointer put back, must not stop delivery."""
        served = fields.pop("served_sequence", None)
        return dag_release.following(
            newest.release if newest else None,
            files,
            now=self._clock(),
            served_sequence=self._served_sequence() if served is None else served,
            **fields,
        )

    def _served_sequence(self) -> int:
        try:
            status = json.loads(self._s3.get_object(Bucket=self._bucket, Key=STATUS_KEY)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return 0
            raise
        return int(status["sequence"])

    def _advance(
        self,
        prepare: Callable[[Newest | None], None],
        next_release: Callable[[Newest | None], Release],
        wanted: Callable[[], bool],
    ) -> Published:
        tried: set[str] = set()
        for _ in range(ATTEMPTS):
            newest = self.newest()
            if newest and newest.release.id in tried:  # the answer to the move was lost, and its repetition refused
                return Published(newest.release, changed=True)
            release = next_release(newest)
            if newest and newest.release.digest == release.digest and newest.release.confirmed >= release.confirmed:
                return Published(newest.release, changed=False)
            tried.add(release.id)
            prepare(newest)
            if not wanted():
                raise NotWantedError(f"{release.id} is not wanted any more")
            moved = self._move(newest, release)
            if moved:
                return Published(moved, changed=True)
        raise ReleaseError(f"others published {ATTEMPTS} times meanwhile: try again")

    def _move(self, newest: Newest | None, release: Release) -> Release | None:
        """Write the manifest, then have the pointer name it; None when the pointer had moved."""
        head = dag_release.head_of(release, newest.release if newest else None)
        try:
            self._s3.put_object(
                Bucket=self._bucket, Key=dag_release.manifest_key(release.id), Body=release.manifest, IfNoneMatch="*"
            )
            if newest is None:
                self._s3.put_object(Bucket=self._bucket, Key=HEAD_KEY, Body=head.to_json(), IfNoneMatch="*")
            else:
                self._s3.put_object(Bucket=self._bucket, Key=HEAD_KEY, Body=head.to_json(), IfMatch=newest.etag)
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST_RACE:
                return None
            raise
        return release

    def _write_object(self, content: Content) -> tuple[str, int]:
        """S3 itself checks that the bytes are those that the key names."""
        body = content.read()
        self._s3.put_object(
            Bucket=self._bucket,
            Key=dag_release.object_key(content.sha256),
            Body=body,
            ChecksumSHA256=base64.b64encode(bytes.fromhex(content.sha256)).decode(),
        )
        return content.sha256, len(body)

    def _is_kept(self, file: DagFile) -> bool:
        try:
            if file.upload and file.upload.version_id:
                self._s3.head_object(Bucket=self._bucket, Key=file.upload.key, VersionId=file.upload.version_id)
            else:
                key = file.upload.key if file.upload else dag_release.object_key(file.sha256)
                self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return False
            raise
        return True
