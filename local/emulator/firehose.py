"""Firehose to S3: buffered, compressed, decrypted of its log envelopes, stored in its own role's name.

The emulator stores each record at once and as it came. Here

- records are buffered by `BufferingHints`: https://docs.aws.amazon.com/firehose/latest/dev/buffering-hints.html
- objects are compressed, named and encrypted: https://docs.aws.amazon.com/firehose/latest/dev/create-destination.html
- logs are decompressed and extracted: see `firehose_records.py`.

Streams with format conversion or dynamic partitioning keep the emulator's way.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, new_uuid, request_scope
from ministack.services import firehose, s3

from local.emulator import cloudwatch, s3_access
from local.emulator.firehose_records import Buffer, DecompressionError, decompressed, joined, processor_types
from local.emulator.iam import AccessDeniedError, Iam

logger = logging.getLogger("farflow.firehose")

FLUSH_POLL_SECONDS = 0.1
EXTENSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz"}


class Delivery:
    """The buffers of every stream, and the thread that stores them."""

    def __init__(self, iam: Iam) -> None:
        self._iam = iam
        self._lock = threading.Lock()
        self._buffers: dict[tuple[str, str], tuple[Any, Any, Buffer]] = {}
        self._unbuffered: Callable[..., None] = firehose._deliver_records_to_s3
        self._validate: Callable[..., Any] = firehose._validate_s3_destination_config

    def install(self) -> None:
        firehose._deliver_records_to_s3 = self._deliver
        firehose._validate_s3_destination_config = self._check
        threading.Thread(target=self._run, daemon=True, name="firehose-delivery").start()

    def _check(self, kind: str, configuration: Any) -> Any:
        compression = configuration.get("CompressionFormat") or "UNCOMPRESSED"
        if kind in ("S3", "ExtendedS3") and compression not in EXTENSIONS:
            message = f"the local AWS does not know the compression {compression}"
            return error_response_json("InvalidArgumentException", message, 400)
        return self._validate(kind, configuration)

    def _deliver(self, stream: Any, destination: Any, records: Any) -> None:
        configuration = destination["config"]
        if any(
            (configuration.get(key) or {}).get("Enabled")
            for key in ("DataFormatConversionConfiguration", "DynamicPartitioningConfiguration")
        ):
            self._unbuffered(stream, destination, records)
            return
        with self._lock:
            known = self._buffers.setdefault((stream["arn"], destination["id"]), (stream, destination, Buffer()))
            for record_id, data in records:
                known[2].add(record_id, data, time.time())

    def _run(self) -> None:
        while True:
            time.sleep(FLUSH_POLL_SECONDS)
            for stream, destination, due in self._take_due():
                try:
                    self._store(stream, destination, due)
                except Exception:
                    logger.exception("%d records of %s are lost", len(due.records), stream["name"])

    def _take_due(self) -> list[tuple[Any, Any, Buffer]]:
        """The full and the old buffers, with empty ones in their place."""
        due = []
        scale = cloudwatch.MINUTE_SECONDS / 60
        with self._lock:
            for key, (stream, destination, buffer) in self._buffers.items():
                if buffer.is_due(destination["config"].get("BufferingHints") or {}, time.time(), scale):
                    self._buffers[key] = (stream, destination, Buffer())
                    due.append((stream, destination, buffer))
        return due

    def _store(self, stream: Any, destination: Any, buffer: Buffer) -> None:
        account, region = stream["arn"].split(":")[4], stream["arn"].split(":")[3]
        configuration = destination["config"]
        types = processor_types(configuration)
        began = time.gmtime(buffer.began)
        with request_scope(account, region):
            good, bad = [], []
            for record_id, data in buffer.records:
                try:
                    good.append((record_id, decompressed(data, types)))
                except DecompressionError:
                    bad.append(data)
            if "Lambda" in types:
                good = firehose._apply_lambda_processors(stream, destination, good)
            body = joined((data for _, data in good if data), types)
            compression = configuration.get("CompressionFormat") or "UNCOMPRESSED"
            extension = configuration.get("FileExtension") or EXTENSIONS[compression]
            if body:
                prefix = firehose._evaluate_prefix(configuration.get("Prefix", ""), began)
                key = f"{prefix}{_object_name(stream, began)}{extension}"
                self._put(configuration, key, gzip.compress(body) if compression == "GZIP" else body)
            for data in bad:
                kind = "decompression-failed"
                prefix = firehose._evaluate_prefix(
                    configuration.get("ErrorOutputPrefix") or f"{kind}/", began, error_type=kind
                )
                self._put(configuration, f"{prefix}{_object_name(stream, began)}", data)

    def _put(self, configuration: Any, key: str, body: bytes) -> None:
        """Store as the stream's role, which S3 and KMS check; the bucket's default encryption holds."""
        bucket = firehose._s3_bucket_from_arn(configuration["BucketARN"])
        try:
            self._iam.authorize(configuration["RoleARN"], "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
            encryption_key = s3_access.key_of(bucket)
            if encryption_key:
                self._iam.authorize(configuration["RoleARN"], "kms:GenerateDataKey", encryption_key)
        except AccessDeniedError as error:
            logger.warning("s3://%s/%s is lost: %s", bucket, key, error)
            return
        headers = {"content-type": "application/octet-stream", "content-length": str(len(body)), "host": "s3.localhost"}
        status, _, answer = asyncio.run(s3.handle_request("PUT", f"/{bucket}/{key}", headers, body, {}, internal=True))
        if status >= 300:
            logger.warning("s3://%s/%s is lost: %s", bucket, key, answer)


def _object_name(stream: Any, began: time.struct_time) -> str:
    """https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html."""
    return f"{stream['name']}-{stream.get('version', 1)}-{time.strftime('%Y-%m-%d-%H-%M-%S', began)}-{new_uuid()}"
