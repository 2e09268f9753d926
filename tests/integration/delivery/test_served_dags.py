"""What a deployment serves, as files again: published contents and plain uploads alike."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from control_plane.dag_release import DagFile, Upload, following
from control_plane.dag_releases import STATUS_KEY
from local import served_dags
from local.release_commands import CommandError, DagsBucket
from tests.integration.delivery.memory_bucket import MemoryS3
from tests.integration.delivery.world import contents


@pytest.fixture
def bucket() -> DagsBucket:
    return DagsBucket(MemoryS3(), "dags")  # type: ignore[arg-type]


def serve(bucket: DagsBucket, release_id: str) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key=STATUS_KEY, Body=json.dumps({"served": release_id}).encode())


def test_files_of_the_served_release_come_back_whatever_is_newer(bucket: DagsBucket, tmp_path: Path) -> None:
    served = bucket.releases.publish(contents({"a.py": "one", "team/b.py": "two"}), publisher="ada").release
    bucket.releases.publish(contents({"a.py": "three"}), publisher="ada", confirmed=True)
    serve(bucket, served.id)
    assert served_dags.fetch(bucket, tmp_path) == served.id
    assert {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*.py")} == {
        "a.py": "one",
        "team/b.py": "two",
    }


def test_upload_comes_back_as_the_version_that_is_served(bucket: DagsBucket, tmp_path: Path) -> None:
    for text in (b"old", b"new"):
        bucket.s3.put_object(Bucket=bucket.name, Key="dags/a.py", Body=text)
    upload = Upload("dags/a.py", "etag", "0")
    file = DagFile("a.py", hashlib.sha256(b"old").hexdigest(), 3, upload=upload)
    release = following(None, [file], publisher="dag_sync", now=datetime(2026, 11, 29, tzinfo=UTC))
    bucket.s3.put_object(Bucket=bucket.name, Key=f"releases/{release.id}/manifest.json", Body=release.manifest)
    serve(bucket, release.id)
    served_dags.fetch(bucket, tmp_path)
    assert (tmp_path / "a.py").read_text() == "old"


def test_release_that_would_leave_the_folder_is_refused(bucket: DagsBucket, tmp_path: Path) -> None:
    file = DagFile("../outside.py", hashlib.sha256(b"x").hexdigest(), 1)
    release = following(None, [file], publisher="ada", now=datetime(2026, 11, 29, tzinfo=UTC))
    bucket.s3.put_object(Bucket=bucket.name, Key=f"releases/{release.id}/manifest.json", Body=release.manifest)
    serve(bucket, release.id)
    with pytest.raises(CommandError, match="outside"):
        served_dags.fetch(bucket, tmp_path / "inside")
    assert not list(tmp_path.rglob("*"))


def test_nothing_is_fetched_before_anything_is_served(bucket: DagsBucket, tmp_path: Path) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key=STATUS_KEY, Body=b"{}")
    assert served_dags.fetch(bucket, tmp_path) is None
