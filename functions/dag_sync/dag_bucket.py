"""The DAG bucket: what it lists, and a file of exactly the version that was listed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .release import DagObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1024 * 1024


class DagBucket:
    """Errors are botocore's: a listing or a file that could not be read is never an absent one."""

    def __init__(self, s3: S3Client, bucket: str, prefix: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix

    def list_objects(self) -> Iterator[DagObject]:
        """Every object below the prefix. Source: ListObjectsV2, strongly consistent after a write."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        for page in pages:
            for item in page.get("Contents", []):
                yield DagObject(item["Key"], item["ETag"], item["Size"])

    def fetch(self, item: DagObject, target: Path) -> None:
        """Write the listed version of `item` to `target`.

        Raises botocore's ClientError with code PreconditionFailed when the object was replaced since: the
        release would be a mixture, so it is given up and listed anew.
        """
        answer = self._s3.get_object(Bucket=self._bucket, Key=item.key, IfMatch=item.etag)
        with target.open("wb") as file:
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                file.write(chunk)
