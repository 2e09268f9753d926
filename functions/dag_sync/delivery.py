"""One delivery: what the bucket holds becomes what Airflow reads, or a reason why not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from control_plane import dag_paths
from control_plane.dag_paths import RefusedFilesError
from control_plane.dag_release import NO_UPLOADS, DagFile, ManifestError, Release, sequence_of
from control_plane.dag_releases import (
    CONFIRMATION_KEY,
    STATUS_KEY,
    DagReleases,
    Newest,
    UnknownReleaseError,
    Uploads,
)

from .dag_bucket import DagBucket, UploadsChangedError
from .mass_deletion import reason_to_hold
from .release_store import Built, ReleaseStore
from .uploads import Listing, UploadedFile, is_newer

PUBLISHER = "plain upload"
QUIET_SECONDS = 1.5
"""A burst of uploads is over when nothing came for so long."""
PATIENCE = timedelta(seconds=60)
"""So long a burst is waited for. What never rests is taken as it is."""
ATTEMPTS = 5
REMEMBERED_AT_ONCE = 500
"""So many uploads are read at most before what was learnt of them is kept for the next try."""


class RestlessError(Exception):
    """The bucket changed during each attempt; the next event or sweep tries again."""


@dataclass(frozen=True)
class Outcome:
    """What was done, and why. Something may be published and something else refused at the same time."""

    reason: str
    served: str | None
    """The id of the release that is served now."""
    published: Release | None = None
    built: Built | None = None
    held: str | None = None
    held_release: str | None = None
    refused: str | None = None

    @property
    def action(self) -> str:
        """In one word, what is worth knowing most."""
        words = {"held": self.held, "refused": self.refused, "published": self.published}
        return next((word for word, value in words.items() if value), "kept")


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
        """Deliver once. Raises when something could not be found out or done: the old release serves on.

        What is published is served first: it does not wait for a burst of uploads to rest.
        """
        served = self._store.current_id()
        newest = self._newest(served)
        outcome = self._serve(newest, served)
        try:
            uploaded = self._release_of_uploads(newest, outcome.served)
        except RefusedFilesError as error:
            refused = f"the plain uploads cannot be a release: {error}"
            outcome = dataclasses.replace(outcome, reason=refused, refused=outcome.refused or refused)
        else:
            if uploaded:
                outcome = self._serve(uploaded, outcome.served)
        self._tell(outcome)
        return outcome

    def _newest(self, served: str | None) -> Newest | None:
        return self._releases.newest(self._on_file_system(served) if served else None)

    def _on_file_system(self, release_id: str) -> Release | None:
        """What is there need not be fetched. None when it is not, or not whole."""
        with suppress(FileNotFoundError, ManifestError):
            return self._store.manifest(release_id)
        return None

    # ---- plain uploads ------------------------------------------------------------------------------

    def _release_of_uploads(self, newest: Newest | None, served: str | None) -> Newest | None:
        """The newest release, where it is one that was made of plain uploads just now. Raises `RefusedFilesError`."""
        for attempt in range(ATTEMPTS):
            newest = self._newest(served) if attempt else newest
            known = newest.release.uploads_digest if newest else NO_UPLOADS
            listing = self._bucket.list_uploads()
            if listing.digest != known:
                listing = self._rested(listing)
            if listing.digest == known:
                return None
            try:
                if self._publish(listing, newest, served):
                    return self._newest(served)
            except UploadsChangedError:
                continue
        raise RestlessError(f"the bucket changed during each of {ATTEMPTS} attempts")

    def _rested(self, listing: Listing) -> Listing:
        end = self._clock() + PATIENCE
        while self._clock() < end:
            self._sleep(QUIET_SECONDS)
            again = self._bucket.list_uploads()
            if again == listing:
                break
            listing = again
        return listing

    def _publish(self, listing: Listing, newest: Newest | None, served: str | None) -> Release | None:
        """Make the listing the newest release, or note that the newest release is a newer will; None after a lost race."""
        served_sequence = sequence_of(served) if served else 0
        if newest and not is_newer(listing, any(file.upload for file in newest.release.files), newest.moved_at):
            return self._releases.publish_uploads(newest, newest.release, listing.digest, served_sequence)
        dag_paths.check((file.path, file.size_bytes) for file in listing.files)
        before = {(file.upload.key, file.upload.etag) for file in _files(newest) if file.upload}
        made = Uploads(self._read(listing, newest), PUBLISHER, listing.changed_at(before, self._clock()))
        return self._releases.publish_uploads(newest, made, listing.digest, served_sequence)

    def _read(self, listing: Listing, newest: Newest | None) -> list[DagFile]:
        """The listing as files of a release; what was read of the same version before is not read again."""
        known = self._store.known_uploads()
        known |= {(file.upload.key, file.upload.etag): file for file in _files(newest) if file.upload}
        unknown = [file for file in listing.files if (file.key, file.etag) not in known]
        if unknown:
            self._store.claim()
        for some in batched(unknown, REMEMBERED_AT_ONCE, strict=False):
            read = self._store.in_parallel(self._read_upload, some)
            self._store.remember_uploads(read)
            known |= {(file.upload.key, file.upload.etag): file for file in read if file.upload}
        files = [known[file.key, file.etag] for file in listing.files]
        if len(known) > 2 * len(files) + REMEMBERED_AT_ONCE:
            self._store.forget_uploads_but(files)
        return files

    def _read_upload(self, file: UploadedFile) -> DagFile:
        upload, chunks = self._bucket.fetch_upload(file)
        stored = self._store.add(chunks)
        return DagFile(file.path, stored.sha256, stored.size_bytes, upload=upload)

    # ---- serving ------------------------------------------------------------------------------------

    def _serve(self, newest: Newest | None, served: str | None) -> Outcome:
        if newest is None:
            return Outcome("nothing is published yet", served)
        release = newest.release
        if served == release.id:
            self._store.point_at(release.id)
            return Outcome("the newest release is served", served)
        if served and sequence_of(served) >= release.sequence:
            behind = f"the newest release {release.id} is older than {served}, which is served: publish again"
            return Outcome(behind, served, refused=behind)
        try:
            dag_paths.check((file.path, file.size_bytes) for file in release.files)
        except RefusedFilesError as error:
            reason = f"{release.id}: {error}"
            return Outcome(reason, served, refused=reason)
        why = self._reason_to_hold(served, release)
        if why and not (release.confirmed or self._is_confirmed(release)):
            reason = f"{release.id}: {why}"
            return Outcome(reason, served, held=reason, held_release=release.id)
        built = self._store.publish(release, self._bucket.fetch)
        return Outcome(f"newer than {served or 'nothing'}", release.id, release, built)

    def _reason_to_hold(self, served: str | None, release: Release) -> str | None:
        if served is None:
            return None
        try:
            before = self._manifest(served)
        except (UnknownReleaseError, ManifestError):
            return (
                f"what {served}, which is served, consists of cannot be read, so it is not known what this would remove"
            )
        return reason_to_hold(_contents(before), _contents(release))

    def _manifest(self, release_id: str) -> Release:
        return self._on_file_system(release_id) or self._releases.release(release_id)

    def _is_confirmed(self, release: Release) -> bool:
        confirmation = self._bucket.read_json(CONFIRMATION_KEY)
        return confirmation is not None and confirmation.get("release") == release.id

    # ---- telling ------------------------------------------------------------------------------------

    def _tell(self, outcome: Outcome) -> None:
        """Leave in the bucket what is served and what is not; written only when it is something new."""
        status = {
            "served": outcome.served,
            "sequence": sequence_of(outcome.served) if outcome.served else 0,
            "held": outcome.held,
            "held_release": outcome.held_release,
            "refused": outcome.refused,
        }
        if outcome.published or self._bucket.read_json(STATUS_KEY) != status:
            self._bucket.write_json(STATUS_KEY, status)


def _files(newest: Newest | None) -> Iterator[DagFile]:
    yield from newest.release.files if newest else ()


def _contents(release: Release) -> dict[str, str]:
    return {file.path: file.sha256 for file in release.files}
