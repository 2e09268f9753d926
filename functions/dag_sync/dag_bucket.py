"""The DAG bucket: plain uploads as listed, the content of files, and what operators are told there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from control_plane.dag_release import DagFile, Upload, where_is

from .uploads import Listing, UploadedFile, listing_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 1024 * 1024
IN_USE_KEY = "IN_USE.json"

_CHANGED = {"PreconditionFailed", "NoSuchKey", "404"}


class UploadsChangedError(Exception):
    """An object was replaced or removed since it was listed: the listing is none of one moment any more."""


class DagBucket:
    """Errors of S3 are botocore's: a listing or a file that could not be read is never an absent one."""

    def __init__(self, s3: S3Client, bucket: str, prefix: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = prefix

    def list_uploads(self) -> Listing:
        """Every object below the prefix. Source: ListObjectsV2, strongly consistent after a write."""
        return listing_of(self._objects(), self._prefix)

    def _objects(self) -> Iterator[tuple[str, str, int, datetime]]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
        for page in pages:
            for item in page.get("Contents", []):
                yield item["Key"], item["ETag"], item["Size"], item["LastModified"]

    def fetch_upload(self, file: UploadedFile) -> tuple[Upload, Iterator[bytes]]:
        """The very version that was listed. Raises `UploadsChangedError` when there is another by now."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=file.key, IfMatch=file.etag)
        except ClientError as error:
            if error.response["Error"]["Code"] in _CHANGED:
                raise UploadsChangedError(file.key) from None
            raise
        upload = Upload(file.key, file.etag, answer.get("VersionId"))
        return upload, answer["Body"].iter_chunks(CHUNK_BYTES)

    def fetch(self, file: DagFile) -> Iterator[bytes]:
        """The content of a release's file."""
        where: Any = where_is(file)
        yield from self._s3.get_object(Bucket=self._bucket, **where)["Body"].iter_chunks(CHUNK_BYTES)

    def read_json(self, key: str) -> dict[str, Any] | None:
        """What an operator or Airflow left there for this function; None when nothing, or nothing that can be read."""
        try:
            found = json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in _CHANGED:
                return None
            raise
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

    def write_json(self, key: str, content: dict[str, Any]) -> None:
        """What operators are told."""
        self._s3.put_object(
            Bucket=self._bucket, Key=key, Body=json.dumps(content).encode(), ContentType="application/json"
        )
