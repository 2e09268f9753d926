"""One delivery: what the bucket holds becomes what Airflow reads, or a reason why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from control_plane import dag_paths
from control_plane.dag_paths import RefusedFilesError
from control_plane.dag_release import NO_UPLOADS, DagFile, Release
from control_plane.dag_releases import STATUS_KEY, DagReleases, Newest

from .dag_bucket import CONFIRMATION_KEY, DagBucket, UploadsChangedError
from .mass_deletion import reason_to_hold
from .release_store import Built, ReleaseStore
from .uploads import Listing, UploadedFile

PUBLISHER = "plain upload"
QUIET_SECONDS = 1.5
"""A burst of uploads is over when nothing came for so long."""
QUIET_LOOKS = 60
"""So often a burst is waited for. What never rests is taken as it is."""
ATTEMPTS = 5


class RestlessError(Exception):
    """The bucket changed during each attempt; the next event or sweep tries again."""


@dataclass(frozen=True)
class Outcome:
    """What was done, and why."""

    action: Literal["published", "kept", "held", "refused"]
    reason: str
    release: Release | None = None
    built: Built | None = None


class Delivery:
    """For the holder of the store's lock."""

    def __init__(
        self,
        bucket: DagBucket,
        releases: DagReleases,
        store: ReleaseStore,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._bucket = bucket
        self._releases = releases
        self._store = store
        self._clock = clock
        self._sleep = sleep

    def run(self) -> Outcome:
        """Deliver once. Raises when something could not be found out or done: the old release serves on."""
        refused = None
        try:
            newest = self._newest()
        except RefusedFilesError as error:
            refused = f"the plain uploads cannot be a release: {error}"
            newest = self._releases.newest()
        served = self._store.current()
        outcome = self._serve(newest, served)
        if refused:
            outcome = Outcome("refused", refused, outcome.release, outcome.built)
        self._tell(outcome, self._store.current() if outcome.built else served)
        return outcome

    # ---- which release is the newest ----------------------------------------------------------------

    def _newest(self) -> Newest | None:
        """The newest release, after plain uploads that are newer still have become one. Raises `RefusedFilesError`."""
        for _ in range(ATTEMPTS):
            newest = self._releases.newest()
            known = newest.release.uploads_digest if newest else NO_UPLOADS
            listing = self._bucket.list_uploads()
            if listing.digest == known:
                return newest
            listing = self._rested(listing)
            if listing.digest == known:
                return newest
            dag_paths.check((file.path, file.size_bytes) for file in listing.files)
            try:
                files = list(self._files(listing, newest))
            except UploadsChangedError:
                continue
            before = {(file.upload.key, file.upload.etag) for file in _uploaded(newest) if file.upload}
            changed_at = listing.changed_at(before, self._clock())
            self._releases.publish_uploads(newest, files, listing.digest, PUBLISHER, changed_at)
        raise RestlessError(f"the bucket changed during each of {ATTEMPTS} attempts")

    def _rested(self, listing: Listing) -> Listing:
        for _ in range(QUIET_LOOKS):
            self._sleep(QUIET_SECONDS)
            again = self._bucket.list_uploads()
            if again == listing:
                break
            listing = again
        return listing

    def _files(self, listing: Listing, newest: Newest | None) -> Iterator[DagFile]:
        """The listing as files of a release; what the newest release took from the same version is not read again."""
        known = {(file.upload.key, file.upload.etag): file for file in _uploaded(newest) if file.upload}
        unknown = [file for file in listing.files if (file.key, file.etag) not in known]
        read = self._store.in_parallel(self._read_upload, unknown)
        yield from read
        for file in listing.files:
            if (file.key, file.etag) in known:
                yield known[file.key, file.etag]

    def _read_upload(self, file: UploadedFile) -> DagFile:
        upload, chunks = self._bucket.fetch_upload(file)
        stored = self._store.add(chunks)
        return DagFile(file.path, stored.sha256, stored.size_bytes, upload=upload)

    # ---- serving it ---------------------------------------------------------------------------------

    def _serve(self, newest: Newest | None, served: Release | None) -> Outcome:
        if newest is None:
            return Outcome("kept", "nothing is published yet", served)
        release = newest.release
        if served and served.id == release.id:
            self._store.point_at(release.id)
            return Outcome("kept", "the newest release is served", served)
        if served and served.sequence >= release.sequence:
            return Outcome("kept", f"the bucket's newest release {release.id} is older than what is served", served)
        try:
            dag_paths.check((file.path, file.size_bytes) for file in release.files)
        except RefusedFilesError as error:
            return Outcome("refused", f"{release.id}: {error}", served)
        reason = reason_to_hold(_contents(served), _contents(release))
        if reason and not (release.confirmed or self._is_confirmed(release)):
            return Outcome("held", f"{release.id}: {reason}", served)
        built = self._store.publish(release, self._bucket.fetch)
        return Outcome("published", f"newer than {served.id if served else 'nothing'}", release, built)

    def _is_confirmed(self, release: Release) -> bool:
        confirmation = self._bucket.read_json(CONFIRMATION_KEY)
        return confirmation is not None and confirmation.get("release") == release.id

    # ---- telling -------------------------------------------------------------------------------------

    def _tell(self, outcome: Outcome, served: Release | None) -> None:
        """Leave in the bucket what is served and what is not; written only when it is something new."""
        status = {
            "served": served.id if served else None,
            "sequence": served.sequence if served else 0,
            "held": outcome.reason if outcome.action == "held" else None,
            "refused": outcome.reason if outcome.action == "refused" else None,
        }
        if self._bucket.read_json(STATUS_KEY) != status:
            self._bucket.write_json(STATUS_KEY, status)


def _uploaded(newest: Newest | None) -> Iterator[DagFile]:
    yield from newest.release.files if newest else ()


def _contents(release: Release | None) -> dict[str, str]:
    return {file.path: file.sha256 for file in release.files} if release else {}
