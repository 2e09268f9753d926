"""S3 says when an object was written in whole seconds; the emulator in milliseconds.

What compares such a time with a file's would take every file for changed: `aws s3 sync` sets files to whole seconds.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html#API_ListObjectsV2_Examples
"""

from __future__ import annotations

from datetime import UTC, datetime

from ministack.services import s3


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def install() -> None:
    s3.now_iso = now
