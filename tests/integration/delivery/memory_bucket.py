"""S3 as far as delivery uses it, in memory: thousands of runs in seconds. `test_memory_bucket.py` holds it to moto's."""

# ruff: noqa: N803 - boto3's names

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError


class _Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while chunk := self.read(size):
            yield chunk


@dataclass
class MemoryS3:
    """The methods of boto3's client that Farflow's publisher and `dag_sync` call. Each call first calls `step`."""

    step: Callable[[], None] = lambda: None
    objects: dict[str, list[tuple[bytes, datetime]]] = field(default_factory=dict)
    """By key, every version; the last is the newest. A removed object has none."""

    def sharing(self, step: Callable[[], None]) -> MemoryS3:
        """Another client of the same bucket."""
        return MemoryS3(step, self.objects)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **options: Any) -> dict[str, Any]:
        self.step()
        versions = self.objects.get(Key, [])
        if options.get("IfNoneMatch") == "*" and versions:
            raise _refusal("PreconditionFailed", "PutObject")
        if "IfMatch" in options and not versions:
            raise _refusal("NoSuchKey", "PutObject")
        if "IfMatch" in options and _etag(versions[-1][0]) != options["IfMatch"]:
            raise _refusal("PreconditionFailed", "PutObject")
        self.objects[Key] = [*versions, (Body, datetime.now(UTC))]
        return {"ETag": _etag(Body)}

    def get_object(
        self, *, Bucket: str, Key: str, IfMatch: str | None = None, VersionId: str | None = None
    ) -> dict[str, Any]:
        self.step()
        versions = self.objects.get(Key, [])
        if not versions:
            raise _refusal("NoSuchKey", "GetObject")
        number = len(versions) - 1 if VersionId is None else int(VersionId)
        body, modified = versions[number]
        if IfMatch is not None and _etag(body) != IfMatch:
            raise _refusal("PreconditionFailed", "GetObject")
        return {"Body": _Body(body), "ETag": _etag(body), "LastModified": modified, "VersionId": str(number)}

    def head_object(self, **request: Any) -> dict[str, Any]:
        return self.get_object(**request)

    def delete_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        self.step()
        self.objects.pop(Key, None)
        return {}

    def get_paginator(self, operation: str) -> MemoryS3:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        self.step()
        yield {
            "Contents": [
                {
                    "Key": key,
                    "ETag": _etag(versions[-1][0]),
                    "Size": len(versions[-1][0]),
                    "LastModified": versions[-1][1],
                }
                for key, versions in sorted(self.objects.items())
                if key.startswith(Prefix) and versions
            ]
        }


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)
