"""What a release of DAGs is: the whole set of files at one moment, described by a manifest that never changes.

    objects/<sha256>                      the content of files
    releases/<release id>/manifest.json   a release
    HEAD.json                             the newest release; moved by compare-and-swap, after all it names is there
    dags/...                              plain uploads, of which `dag_sync` makes releases

A release's id begins with its sequence, which only grows: going back publishes the old files under a new sequence.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

FORMAT = 1
CHANGE_BYTES = 64 * 1024
"""The pointer tells a change itself up to here: some hundred files."""

NO_UPLOADS = hashlib.sha256().hexdigest()
"""The digest of an empty listing of plain uploads."""

_ID = re.compile(r"[0-9]{10}-[0-9a-z]{1,8}-[0-9a-f]{6}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ManifestError(ValueError):
    """What should be a manifest or a pointer is none; the message says where and why."""


@dataclass(frozen=True)
class Upload:
    """The version of an object below `dags/` that a file is a copy of."""

    key: str
    etag: str
    version_id: str | None


@dataclass(frozen=True)
class DagFile:
    """One file of a release. `path` is relative, with `/` between segments."""

    path: str
    sha256: str
    size_bytes: int
    executable: bool = False
    upload: Upload | None = None
    """Where its content is; None is `objects/<sha256>`."""


@dataclass(frozen=True)
class Release:
    """A complete set of DAG files, sorted by path, and where it comes from."""

    sequence: int
    files: tuple[DagFile, ...]
    published_at: datetime
    changed_at: datetime
    """When the newest change that it brings was made: the start of its way to Airflow."""
    publisher: str
    commit: str | None = None
    previous: str | None = None
    """The id of the release before, None for the first."""
    rollback_of: str | None = None
    uploads_digest: str = NO_UPLOADS
    """The listing of plain uploads that it takes into account: another one is a newer will."""
    confirmed: bool = False
    """Whether its publisher meant it to remove most of the files."""

    @cached_property
    def digest(self) -> str:
        """Hexadecimal; the same for the same paths, contents and executable bits, wherever the content is."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(f"{file.path}\0{file.sha256}\0{file.executable}\0".encode())
        return digest.hexdigest()

    @cached_property
    def id(self) -> str:
        """Its sequence, its commit or else its content, and six digits that tell it from others that tried the same."""
        origin = re.sub(r"[^0-9a-z]", "", (self.commit or self.digest).lower())[:8] or "x"
        fields = (
            self.sequence,
            self.digest,
            self.published_at,
            self.publisher,
            self.commit,
            self.previous,
            self.confirmed,
        )
        return f"{self.sequence:010d}-{origin}-{hashlib.sha256(repr(fields).encode()).hexdigest()[:6]}"

    @cached_property
    def manifest(self) -> bytes:
        """Its manifest, in JSON."""
        fields = _fields(self) | {"files": [_file_fields(file) for file in self.files]}
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def object_key(sha256: str) -> str:
    """Where content is in the bucket."""
    return f"objects/{sha256}"


def where_is(file: DagFile) -> dict[str, str]:
    """The object that holds its content, as GetObject's `Key` and, of an upload, `VersionId`."""
    if file.upload is None:
        return {"Key": object_key(file.sha256)}
    return {"Key": file.upload.key, **({"VersionId": file.upload.version_id} if file.upload.version_id else {})}


def manifest_key(release_id: str) -> str:
    """Where a release's manifest is in the bucket."""
    return f"releases/{release_id}/manifest.json"


def is_release_id(text: str) -> bool:
    """Whether `text` has the form of one."""
    return _ID.fullmatch(text) is not None


def sequence_of(release_id: str) -> int:
    """Raises `ManifestError` when `release_id` is none."""
    if not is_release_id(release_id):
        raise ManifestError(f"{release_id!r} is no release id")
    return int(release_id.partition("-")[0])


def _fields(release: Release) -> dict[str, Any]:
    """All but the files."""
    fields = {
        field.name: getattr(release, field.name) for field in dataclasses.fields(release) if field.name != "files"
    }
    return fields | {
        "format": FORMAT,
        "published_at": release.published_at.isoformat(),
        "changed_at": release.changed_at.isoformat(),
    }


def _file_fields(file: DagFile) -> dict[str, Any]:
    """Without what has its default value: there is one for each of ten thousand files."""
    fields: dict[str, Any] = {"path": file.path, "sha256": file.sha256, "size_bytes": file.size_bytes}
    if file.executable:
        fields["executable"] = True
    if file.upload:
        fields["upload"] = dataclasses.asdict(file.upload)
    return fields


def from_json(content: bytes, release_id: str) -> Release:
    """The release that `content` describes. Raises `ManifestError` unless it is a manifest of `release_id`."""
    try:
        fields: dict[str, Any] = json.loads(content)
        release = _release(fields, (_file(entry) for entry in fields.pop("files")))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ManifestError(f"the manifest of {release_id} is malformed: {error!r}") from error
    if release.id != release_id:
        raise ManifestError(f"the manifest of {release_id} is that of {release.id}")
    return release


def _release(fields: dict[str, Any], files: Iterable[DagFile]) -> Release:
    """The opposite of `_fields`."""
    if fields.pop("format") != FORMAT:
        raise ManifestError("its format is of another version of Farflow")
    for name in ("published_at", "changed_at"):
        fields[name] = datetime.fromisoformat(fields[name]).astimezone(UTC)
    return Release(**fields, files=tuple(files))


def _file(entry: dict[str, Any]) -> DagFile:
    upload = entry.pop("upload", None)
    file = DagFile(**entry, upload=Upload(**upload) if upload else None)
    if not isinstance(file.path, str) or not isinstance(file.size_bytes, int) or not _SHA256.fullmatch(file.sha256):
        raise ManifestError(f"file {file.path!r} has a bad type or hash")
    return file


def file_to_json(file: DagFile) -> bytes:
    """One line."""
    return json.dumps(_file_fields(file)).encode()


def file_from_json(line: bytes) -> DagFile | None:
    """None when `line` is none that `file_to_json` wrote whole."""
    try:
        return _file(json.loads(line))
    except (ValueError, TypeError, AttributeError):
        return None


@dataclass(frozen=True)
class Head:
    """The pointer: which release is the newest, the hash of its manifest, and what is new in it."""

    release_id: str
    manifest_sha256: str
    change: dict[str, Any] | None = None
    """The manifest, with the files of `files` and without those of `gone` where the release before has others. None
    when that is not much less than the manifest."""

    def __post_init__(self) -> None:
        if not isinstance(self.change, dict | None):
            raise TypeError("its change is no object")

    def to_json(self) -> bytes:
        """The content of HEAD.json."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    def given(self, known: Release) -> Release | None:
        """The release itself, where it is `known`, or that and the change say all of it; None when only its manifest can."""
        release = known if known.id == self.release_id else self._changed(known)
        return release if release and self.names(release.manifest) else None

    def _changed(self, previous: Release) -> Release | None:
        if not self.change or self.change.get("previous") != previous.id:
            return None
        fields = copy.deepcopy(self.change)
        try:
            gone = set(fields.pop("gone"))
            files = {file.path: file for file in previous.files if file.path not in gone}
            files |= {entry["path"]: _file(entry) for entry in fields.pop("files")}
            return _release(fields, (files[path] for path in sorted(files)))
        except (KeyError, TypeError, AttributeError, ValueError):
            return None

    def names(self, manifest: bytes) -> bool:
        """Whether this is the manifest of the release."""
        return hashlib.sha256(manifest).hexdigest() == self.manifest_sha256


def head_of(release: Release, previous: Release | None) -> Head:
    """The pointer to `release`, which follows `previous`."""
    before = dict.fromkeys(previous.files) if previous else {}
    new = [file for file in release.files if file not in before]
    left = {file.path for file in release.files}
    gone = [file.path for file in before if file.path not in left]
    change = _fields(release) | {"files": [_file_fields(file) for file in new], "gone": gone}
    head = Head(release.id, hashlib.sha256(release.manifest).hexdigest(), change)
    return head if previous and len(head.to_json()) <= CHANGE_BYTES else dataclasses.replace(head, change=None)


def head_from_json(content: bytes) -> Head:
    """Raises `ManifestError`."""
    try:
        head = Head(**json.loads(content))
        sequence_of(head.release_id)
    except (TypeError, ValueError) as error:
        raise ManifestError(f"HEAD.json is malformed: {error!r}") from error
    return head


def following(
    current: Release | None,
    files: Iterable[DagFile],
    *,
    publisher: str,
    now: datetime,
    changed_at: datetime | None = None,
    commit: str | None = None,
    rollback_of: str | None = None,
    uploads_digest: str | None = None,
    confirmed: bool = False,
    served_sequence: int = 0,
) -> Release:
    """The release of `files` after `current`, and after `served_sequence` in any case: a bucket may have been made anew."""
    ordered = tuple(sorted(files, key=lambda file: file.path))
    inherited = current.uploads_digest if current else NO_UPLOADS
    return Release(
        sequence=max(current.sequence if current else 0, served_sequence) + 1,
        files=ordered,
        published_at=now.astimezone(UTC),
        changed_at=(changed_at or now).astimezone(UTC),
        publisher=publisher,
        commit=commit,
        previous=current.id if current else None,
        rollback_of=rollback_of,
        uploads_digest=inherited if uploads_digest is None else uploads_digest,
        confirmed=confirmed,
    )
