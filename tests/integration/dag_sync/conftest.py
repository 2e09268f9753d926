"""`dag_sync`'s real handler, with moto's S3 and a real file system around it."""

import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from control_plane.dag_releases import Content, DagReleases
from farflow import releases

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
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
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
    module = importlib.import_module("dag_sync.handler")
    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=lambda seconds: None))
    return module


def put(s3: Any, **files: str) -> None:
    for name, content in files.items():
        s3.put_object(Bucket=BUCKET, Key=f"dags/{name.replace('__', '/')}.py", Body=content.encode())


def contents(**files: str) -> list[Content]:
    return [
        Content(
            f"{name.replace('__', '/')}.py",
            hashlib.sha256(text.encode()).hexdigest(),
            len(text.encode()),
            executable=False,
            read=text.encode,
        )
        for name, text in files.items()
    ]


@pytest.fixture
def publisher(s3: Any) -> DagReleases:
    return DagReleases(s3, BUCKET)


def served(root: Path) -> dict[str, str]:
    """What Airflow's bundle would read."""
    current = releases.current_release(root)
    if current is None:
        return {}
    folder = releases.dags_folder(root, current)
    return {
        path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def status(s3: Any) -> dict[str, Any]:
    return dict(json.loads(s3.get_object(Bucket=BUCKET, Key="STATUS.json")["Body"].read()))


def an_s3_event(key: str) -> dict[str, Any]:
    """What Lambda receives of a notification that came by way of SQS."""
    body = {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}}]}
    return {"Records": [{"messageId": "1", "eventSource": "aws:sqs", "body": json.dumps(body)}]}


def everything_in(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def damage(s3: Any, key: str, old: bytes, new: bytes) -> None:
    content = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert old in content
    s3.put_object(Bucket=BUCKET, Key=key, Body=content.replace(old, new))
