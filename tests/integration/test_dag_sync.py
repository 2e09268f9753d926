"""`dag_sync`'s real handler against moto's S3 and a real file system."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from dag_sync.release import ReleaseError

BUCKET = "dags-bucket"
SWEEP = {"source": "aws.scheduler"}
CONTEXT = SimpleNamespace(
    function_name="dag_sync",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:dag_sync",
    aws_request_id="1",
)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def handler(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setenv("DAGS_BUCKET", BUCKET)
    monkeypatch.setenv("DAGS_PREFIX", "dags/")
    monkeypatch.setenv("FILE_SYSTEM_PATH", str(tmp_path))
    for name, value in {
        "POWERTOOLS_SERVICE_NAME": "dag_sync",
        "POWERTOOLS_METRICS_NAMESPACE": "Farflow",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in sys.modules if name.startswith(("dag_sync.handler", "control_plane.observability"))]:
        del sys.modules[name]
    return importlib.import_module("dag_sync.handler")


def put(s3: Any, **files: str) -> None:
    for name, content in files.items():
        s3.put_object(Bucket=BUCKET, Key=f"dags/{name.replace('__', '/')}.py", Body=content.encode())


def served(root: Path) -> dict[str, str]:
    current = root / "current"
    return {
        path.relative_to(current).as_posix(): path.read_text() for path in sorted(current.rglob("*")) if path.is_file()
    }


def an_s3_event(key: str) -> dict[str, Any]:
    """What Lambda receives of a notification that came by way of SQS."""
    body = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}]}
    return {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(body)}]}


def test_bucket_s_files_are_served(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one", team__b="two")
    s3.put_object(Bucket=BUCKET, Key="elsewhere/c.py", Body=b"three")
    assert handler.lambda_handler(an_s3_event("dags/a.py"), CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "one", "team/b.py": "two"}


def test_repeated_event_writes_nothing(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one")
    handler.lambda_handler(an_s3_event("dags/a.py"), CONTEXT)
    before = sorted(path for path in tmp_path.rglob("*"))
    assert handler.lambda_handler(an_s3_event("dags/a.py"), CONTEXT)["action"] == "kept"
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_edit_of_the_same_size_is_served(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one")
    handler.lambda_handler(SWEEP, CONTEXT)
    put(s3, a="two")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "two"}


def test_deleted_file_is_gone(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one", b="two")
    handler.lambda_handler(SWEEP, CONTEXT)
    s3.delete_object(Bucket=BUCKET, Key="dags/b.py")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}


def test_event_s_content_does_not_matter(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    """Doubled, late, of another object, or lost: where it ends is decided by the bucket alone."""
    put(s3, a="one")
    for event in (an_s3_event("dags/never-existed.py"), {}, SWEEP):
        handler.lambda_handler(event, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}


def test_more_files_than_one_page_lists(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, **{f"f{number}": str(number) for number in range(1100)})
    handler.lambda_handler(SWEEP, CONTEXT)
    assert len(served(tmp_path)) == 1100


def test_refused_key_leaves_the_old_release_served(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one")
    handler.lambda_handler(SWEEP, CONTEXT)
    s3.put_object(Bucket=BUCKET, Key="dags//etc/passwd", Body=b"x")
    put(s3, a="two")
    with pytest.raises(ReleaseError):
        handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}


def test_object_replaced_after_the_listing_is_no_mixture(
    handler: ModuleType, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, a="one", b="one")
    listing = list(handler.bucket.list_objects())
    put(s3, b="two")
    monkeypatch.setattr(handler.bucket, "list_objects", lambda: iter(listing))
    with pytest.raises(ClientError, match="PreconditionFailed"):
        handler.lambda_handler(SWEEP, CONTEXT)
    assert not (tmp_path / "current").exists()
    monkeypatch.undo()


def test_bucket_that_cannot_be_listed_changes_nothing(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    """Unknown is not empty."""
    put(s3, a="one")
    handler.lambda_handler(SWEEP, CONTEXT)
    s3.delete_object(Bucket=BUCKET, Key="dags/a.py")
    s3.delete_bucket(Bucket=BUCKET)
    with pytest.raises(ClientError, match="NoSuchBucket"):
        handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}
