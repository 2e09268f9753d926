"""What Firehose makes of records before it stores them, without a clock and without a store.

https://docs.aws.amazon.com/firehose/latest/dev/writing-with-cloudwatch-logs-decompression.html
https://docs.aws.amazon.com/firehose/latest/dev/Message_extraction.html
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MIB = 1024 * 1024
DEFAULT_SIZE_MIB = 5
DEFAULT_INTERVAL_SECONDS = 300


class DecompressionError(Exception):
    """A record that should be compressed logs is none."""


def processor_types(configuration: Mapping[str, Any]) -> list[str]:
    """The types of a destination's processors, in their order; none unless processing is enabled."""
    processing = configuration.get("ProcessingConfiguration") or {}
    if str(processing.get("Enabled", "")).lower() != "true":
        return []
    return [processor["Type"] for processor in processing.get("Processors") or ()]


def decompressed(record: bytes, types: Sequence[str]) -> bytes:
    """A record of CloudWatch Logs after `Decompression`, and after `CloudWatchLogProcessing` its messages as lines.

    Raises `DecompressionError`. A record that only tests whether the stream can be reached holds no message.
    """
    if "Decompression" not in types:
        return record
    try:
        plain = gzip.decompress(record)
        if "CloudWatchLogProcessing" not in types:
            return plain
        document = json.loads(plain)
        messages = document["logEvents"] if document["messageType"] == "DATA_MESSAGE" else []
        return b"".join(event["message"].encode() + b"\n" for event in messages)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise DecompressionError(str(error)) from error


def joined(records: Iterable[bytes], types: Sequence[str]) -> bytes:
    """The records as one object, with a delimiter after each when `AppendDelimiterToRecord` asks for it."""
    delimiter = b"\n" if "AppendDelimiterToRecord" in types else b""
    return b"".join(record + delimiter for record in records)


@dataclass
class Buffer:
    """The records of one destination that are not yet stored.

    https://docs.aws.amazon.com/firehose/latest/APIReference/API_BufferingHints.html
    """

    records: list[tuple[str, bytes]] = field(default_factory=list)
    began: float = 0.0

    def add(self, record_id: str, data: bytes, now: float) -> None:
        if not self.records:
            self.began = now
        self.records.append((record_id, data))

    def is_due(self, hints: Mapping[str, Any], now: float, scale: float = 1.0) -> bool:
        """Whether the first of size and interval is reached; `scale` shortens the interval."""
        if not self.records:
            return False
        size = sum(len(data) for _, data in self.records)
        interval = float(hints.get("IntervalInSeconds", DEFAULT_INTERVAL_SECONDS)) * scale
        return size >= float(hints.get("SizeInMBs", DEFAULT_SIZE_MIB)) * MIB or now - self.began >= interval
