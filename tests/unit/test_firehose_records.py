"""What Firehose makes of records, and when it stores them."""

import gzip
import json

import pytest

from local.emulator.firehose_records import MIB, Buffer, DecompressionError, decompressed, joined, processor_types

ENVELOPE = {
    "messageType": "DATA_MESSAGE",
    "logGroup": "group",
    "logEvents": [{"id": "1", "timestamp": 1, "message": "one"}, {"id": "2", "timestamp": 2, "message": "two"}],
}
RECORD = gzip.compress(json.dumps(ENVELOPE).encode(), mtime=0)


def test_record_stays_as_it_is_without_processors() -> None:
    assert decompressed(RECORD, []) == RECORD


def test_decompression_gives_the_envelope() -> None:
    assert json.loads(decompressed(RECORD, ["Decompression"])) == ENVELOPE


def test_extraction_gives_the_messages_as_lines() -> None:
    assert decompressed(RECORD, ["Decompression", "CloudWatchLogProcessing"]) == b"one\ntwo\n"


def test_control_message_holds_no_message() -> None:
    control = gzip.compress(json.dumps({**ENVELOPE, "messageType": "CONTROL_MESSAGE"}).encode())
    assert decompressed(control, ["Decompression", "CloudWatchLogProcessing"]) == b""


@pytest.mark.parametrize("record", [b"plain", b"", gzip.compress(b"no json", mtime=0), RECORD[:-9]])
def test_anything_else_is_an_error(record: bytes) -> None:
    with pytest.raises(DecompressionError):
        decompressed(record, ["Decompression", "CloudWatchLogProcessing"])


def test_delimiter_follows_each_record_when_asked_for() -> None:
    assert joined([b"a", b"b"], []) == b"ab"
    assert joined([b"a", b"b"], ["AppendDelimiterToRecord"]) == b"a\nb\n"


@pytest.mark.parametrize("enabled", [True, "true"])
def test_processors_count_only_when_enabled(enabled: object) -> None:
    processors = [{"Type": "Decompression"}]
    assert processor_types({"ProcessingConfiguration": {"Enabled": enabled, "Processors": processors}}) == [
        "Decompression"
    ]
    assert processor_types({"ProcessingConfiguration": {"Enabled": False, "Processors": processors}}) == []
    assert processor_types({}) == []


@pytest.mark.parametrize(
    ("size", "age", "due"), [(0, 999, False), (1, 59, False), (1, 60, True), (MIB - 1, 0, False), (MIB, 0, True)]
)
def test_buffer_is_due_by_size_or_by_age(size: int, age: float, due: bool) -> None:
    buffer = Buffer()
    if size:
        buffer.add("1", bytes(size), 1000.0)
    hints = {"SizeInMBs": 1, "IntervalInSeconds": 60}
    assert buffer.is_due(hints, 1000.0 + age) is due


def test_age_is_that_of_the_oldest_record() -> None:
    buffer = Buffer()
    for at in (1000.0, 1050.0):
        buffer.add("1", b"x", at)
    assert buffer.is_due({"IntervalInSeconds": 60}, 1060.0)
    assert not buffer.is_due({}, 1299.0)
    assert buffer.is_due({}, 1300.0)
