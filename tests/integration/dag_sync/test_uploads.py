"""Files that were uploaded as they are: delivered together, refused together, and beside published releases."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from control_plane.dag_releases import DagReleases
from farflow import releases
from tests.integration.dag_sync.conftest import (
    BUCKET,
    CONTEXT,
    SWEEP,
    an_s3_event,
    contents,
    everything_in,
    put,
    served,
    status,
)


def test_uploaded_files_are_served(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one", team__b="two")
    s3.put_object(Bucket=BUCKET, Key="elsewhere/c.py", Body=b"three")
    assert handler.lambda_handler(an_s3_event("dags/a.py"), CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "one", "team/b.py": "two"}
    assert status(s3)["served"] == releases.current_release(tmp_path)


def test_repeated_event_writes_nothing(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one")
    handler.lambda_handler(an_s3_event("dags/a.py"), CONTEXT)
    before = everything_in(tmp_path)
    assert handler.lambda_handler(an_s3_event("dags/a.py"), CONTEXT)["action"] == "kept"
    assert everything_in(tmp_path) == before


def test_edit_of_the_same_size_is_served(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one")
    handler.lambda_handler(SWEEP, CONTEXT)
    put(s3, a="two")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "two"}


def test_removed_upload_is_gone(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
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


def test_only_what_changed_is_fetched(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, **{f"f{number}": str(number) for number in range(20)})
    handler.lambda_handler(SWEEP, CONTEXT)
    fetched: list[str] = []
    s3_of_handler = handler.s3.meta.events
    s3_of_handler.register("before-call.s3.GetObject", lambda params, **_: fetched.append(params["url_path"]))
    put(s3, f3="three", new="new")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert sorted(path for path in fetched if path.startswith("/dags/")) == ["/dags/f3.py", "/dags/new.py"]
    assert len(served(tmp_path)) == 21


@pytest.mark.parametrize("key", ["dags//etc/passwd", "dags/../a.py", "dags/A.PY"])
def test_refused_key_is_told_and_the_old_release_serves_on(
    handler: ModuleType, s3: Any, tmp_path: Path, key: str
) -> None:
    put(s3, a="one")
    handler.lambda_handler(SWEEP, CONTEXT)
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    put(s3, a="two")
    found = handler.lambda_handler(SWEEP, CONTEXT)
    assert found["action"] == "refused"
    assert key.removeprefix("dags/") in found["reason"]
    assert served(tmp_path) == {"a.py": "one"}
    assert status(s3)["refused"] == found["reason"]
    s3.delete_object(Bucket=BUCKET, Key=key)
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "two"}
    assert status(s3)["refused"] is None


def test_upload_during_the_delivery_is_no_mixture(
    handler: ModuleType, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that is replaced after the listing: everything is listed anew."""
    put(s3, a="one", b="one")
    fetch, changed = handler.bucket.fetch_upload, []

    def change_then_fetch(file: Any) -> Any:
        if not changed:
            changed.append(file)
            put(s3, a="two", b="two")
        return fetch(file)

    monkeypatch.setattr(handler.bucket, "fetch_upload", change_then_fetch)
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "two", "b.py": "two"}
    assert len(releases._listed(tmp_path / "releases")) == 1


def test_burst_of_uploads_is_waited_for(
    handler: ModuleType, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = iter(["b", "c", "d"])

    def upload_meanwhile(seconds: float) -> None:
        for name in coming:
            put(s3, **{name: "x"})
            break

    monkeypatch.setattr(handler, "time", SimpleNamespace(sleep=upload_meanwhile))
    put(s3, a="x")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert sorted(served(tmp_path)) == ["a.py", "b.py", "c.py", "d.py"]
    assert len(releases._listed(tmp_path / "releases")) == 1


def test_bucket_that_cannot_be_listed_changes_nothing(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    """Unknown is not empty."""
    put(s3, a="one")
    handler.lambda_handler(SWEEP, CONTEXT)

    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, "ListObjectsV2")

    handler.s3.meta.events.register("before-call.s3.ListObjectsV2", refuse)
    with pytest.raises(ClientError, match="AccessDenied"):
        handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}


def test_emptied_uploads_are_held(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one", b="two")
    handler.lambda_handler(SWEEP, CONTEXT)
    for name in "ab":
        s3.delete_object(Bucket=BUCKET, Key=f"dags/{name}.py")
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "held"
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "held"
    assert len(served(tmp_path)) == 2


def test_uploads_that_were_read_are_not_read_again_by_the_next_try(
    handler: ModuleType, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, **{f"f{number}": str(number) for number in range(6)})
    fetch, tries = handler.bucket.fetch_upload, []

    def fetch_five(file: Any) -> Any:
        tries.append(file.path)
        if len(tries) == 6:
            raise EndpointConnectionError(endpoint_url="injected")
        return fetch(file)

    monkeypatch.setattr("dag_sync.delivery.REMEMBERED_AT_ONCE", 2)
    monkeypatch.setattr("dag_sync.release_store.THREADS", 1)
    monkeypatch.setattr(handler.bucket, "fetch_upload", fetch_five)
    with pytest.raises(EndpointConnectionError):
        handler.lambda_handler(SWEEP, CONTEXT)
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "published"
    assert tries[6:] == ["f4.py", "f5.py"], "the last two were not kept"
    assert len(served(tmp_path)) == 6


def test_uploads_that_never_rest_are_taken_as_they_are(
    handler: ModuleType, s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [datetime.now(UTC)]

    def upload_meanwhile(seconds: float) -> None:
        clock[0] += timedelta(seconds=seconds)
        put(s3, a=str(clock[0]))

    monkeypatch.setattr(handler, "now", lambda: clock[0])
    monkeypatch.setattr(handler, "time", SimpleNamespace(sleep=upload_meanwhile))
    began = clock[0]
    put(s3, a="first")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert timedelta(seconds=60) <= clock[0] - began < timedelta(seconds=65)
    assert served(tmp_path) == {"a.py": str(clock[0])}


# ---- beside published releases -------------------------------------------------------------------


def test_rollback_to_uploads_serves_the_versions_of_then(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    put(s3, a="one")
    first = handler.lambda_handler(SWEEP, CONTEXT)["release"]
    put(s3, a="two")
    handler.lambda_handler(SWEEP, CONTEXT)
    for stored in (tmp_path / "objects").rglob("*"):
        if stored.is_file():
            stored.unlink()
    publisher.rollback(first, "bob")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}


def test_upload_after_a_release_is_the_newer_will(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    put(s3, a="uploaded")
    handler.lambda_handler(SWEEP, CONTEXT)
    publisher.publish(contents(a="pushed"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "pushed"}
    put(s3, b="uploaded")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "uploaded", "b.py": "uploaded"}


def test_refused_upload_hides_no_held_release(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="1", b="2", c="3"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    publisher.publish(contents(a="1"), publisher="ada")
    s3.put_object(Bucket=BUCKET, Key="dags/../x", Body=b"x")
    time.sleep(1)  # S3's times are of seconds
    handler.lambda_handler(SWEEP, CONTEXT)
    assert "2 of 3 files" in status(s3)["held"]
    assert "'../x'" in status(s3)["refused"]


def test_release_that_was_published_after_an_upload_is_the_newer_will(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    """Also when the upload had not been looked at until then."""
    put(s3, a="uploaded")
    time.sleep(1.1)
    published = publisher.publish(contents(a="pushed"), publisher="ada", commit="abc").release
    for _ in range(2):
        handler.lambda_handler(SWEEP, CONTEXT)
        assert served(tmp_path) == {"a.py": "pushed"}
    newest = publisher.newest()
    assert newest is not None
    assert (newest.release.publisher, newest.release.commit) == ("ada", "abc")
    assert newest.release.sequence == published.sequence + 1, "it was looked at once, and is not again"


def test_published_release_does_not_wait_for_uploads_to_rest(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(contents(a="pushed"), publisher="ada")
    put(s3, a="uploaded")
    seen = []
    monkeypatch.setattr(handler, "time", SimpleNamespace(sleep=lambda seconds: seen.append(served(tmp_path))))
    handler.lambda_handler(SWEEP, CONTEXT)
    assert seen[0] == {"a.py": "pushed"}
    assert served(tmp_path) == {"a.py": "uploaded"}
