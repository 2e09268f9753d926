"""The bucket in memory answers as moto's does, in everything that delivery asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.integration.delivery.memory_bucket import MemoryS3

BUCKET = "bucket"


@pytest.fixture(params=["memory", "moto"])
def s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryS3()
        return
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


def code_of(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(Bucket=BUCKET, **request)
    return str(raised.value.response["Error"]["Code"])


def test_object_is_read_as_it_was_written(s3: Any) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key="a", Body=b"one")["ETag"]
    answer = s3.get_object(Bucket=BUCKET, Key="a")
    assert (answer["ETag"], b"".join(answer["Body"].iter_chunks(2))) == (etag, b"one")


def test_absent_key_has_its_code(s3: Any) -> None:
    assert code_of(s3.get_object, Key="a") == "NoSuchKey"


def test_first_writer_alone_creates(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"one", IfNoneMatch="*")
    assert code_of(s3.put_object, Key="a", Body=b"two", IfNoneMatch="*") == "PreconditionFailed"
    assert s3.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"one"


def test_pointer_moves_only_from_where_it_was_seen(s3: Any) -> None:
    seen = s3.put_object(Bucket=BUCKET, Key="a", Body=b"one")["ETag"]
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"two", IfMatch=seen)
    assert code_of(s3.put_object, Key="a", Body=b"three", IfMatch=seen) == "PreconditionFailed"


def test_pointer_that_is_gone_does_not_move(s3: Any) -> None:
    assert code_of(s3.put_object, Key="a", Body=b"one", IfMatch='"x"') == "NoSuchKey"


def test_version_that_was_listed_is_read_or_nothing(s3: Any) -> None:
    seen = s3.put_object(Bucket=BUCKET, Key="a", Body=b"one")["ETag"]
    version = s3.get_object(Bucket=BUCKET, Key="a", IfMatch=seen)["VersionId"]
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"two")
    assert code_of(s3.get_object, Key="a", IfMatch=seen) == "PreconditionFailed"
    assert s3.get_object(Bucket=BUCKET, Key="a", VersionId=version)["Body"].read() == b"one"


def test_listing_has_what_is_there_below_the_prefix(s3: Any) -> None:
    for key in ("dags/b", "dags/a", "other", "dags/gone"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"one")
    s3.delete_object(Bucket=BUCKET, Key="dags/gone")
    (page,) = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="dags/")
    assert [(item["Key"], item["Size"]) for item in page["Contents"]] == [("dags/a", 3), ("dags/b", 3)]
