"""Removes from the DAG bucket the releases that are kept long enough, and the content that none of the kept names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from control_plane import dag_release
from control_plane.dag_release import Release
from control_plane.dag_releases import DagReleases

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEPT_AT_LEAST = 20
KEPT_TIME = timedelta(days=90)
"""A release can be brought back for so long, and while it is among the newest twenty. Former versions of plain uploads stay
as long (`stacks/data.yaml`)."""

SETTLED = timedelta(days=1)
"""What is younger may belong to a publication that is under way."""


@dataclass(frozen=True)
class Collected:
    """How many manifests and objects were removed from the bucket."""

    manifests: int
    objects: int


class BucketCollection:
    """Errors of S3 are botocore's: of what could not be read, nothing is removed."""

    def __init__(self, s3: S3Client, bucket: str, releases: DagReleases, clock: Callable[[], datetime]) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._releases = releases
        self._clock = clock

    def collect(self) -> Collected:
        """Remove the releases beyond those kept, and the content that none of the kept names.

        Safe beside publishers: they rely on nothing but what the newest release names, which is kept, and what they
        write is younger than `SETTLED`. Versions are removed, not keys: what is written again meanwhile stays.
        """
        now = self._clock()
        kept = self._kept(now)
        if not kept:
            return Collected(0, 0)
        named = {dag_release.object_key(file.sha256) for release in kept for file in release.files}
        manifests = {dag_release.manifest_key(release.id) for release in kept}
        return Collected(
            self._remove_versions("releases/", now, lambda key: key not in manifests),
            self._remove_versions("objects/", now, lambda key: key not in named),
        )

    def _kept(self, now: datetime) -> list[Release]:
        kept: list[Release] = []
        for release in self._releases.history():
            if len(kept) >= KEPT_AT_LEAST and now - release.published_at > KEPT_TIME:
                break
            kept.append(release)
        return kept

    def _remove_versions(self, prefix: str, now: datetime, unneeded: Callable[[str], bool]) -> int:
        removed = 0
        for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=prefix):
            old = [
                {"Key": version["Key"], "VersionId": version["VersionId"]}
                for version in page.get("Versions", [])
                if unneeded(version["Key"]) and now - version["LastModified"] > SETTLED
            ]
            if old:
                answer = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": old, "Quiet": True})  # type: ignore[typeddict-item]
                removed += len(old) - len(answer.get("Errors", []))
        return removed
