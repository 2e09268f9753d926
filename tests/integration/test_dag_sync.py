"""`dag_sync`'s real handler against moto's S3 and a real file system."""

import errno
import hashlib
import importlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from control_plane.dag_release import ManifestError
from control_plane.dag_releases import (
    Content,
    DagReleases,
    NotWantedError,
    ReleaseError,
    UnknownReleaseError,
)
from dag_sync import bucket_collection, release_store
from dag_sync.bucket_collection import BucketCollection, Collected
from dag_sync.file_system import FileSystem
from dag_sync.release_store import Built, ReleaseStore, WrongContentError
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


# ---- plain uploads ---------------------------------------------------------------------------------


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


# ---- releases --------------------------------------------------------------------------------------


def test_published_release_is_served_with_its_modes(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    script = Content("run.sh", hashlib.sha256(b"#!").hexdigest(), 2, executable=True, read=lambda: b"#!")
    published = publisher.publish([*contents(a="one", team__b="two"), script], publisher="ada", commit="3f2a91c0")
    assert handler.lambda_handler(an_s3_event("HEAD.json"), CONTEXT)["release"] == published.release.id
    assert served(tmp_path) == {"a.py": "one", "team/b.py": "two", "run.sh": "#!"}
    folder = releases.dags_folder(tmp_path, published.release.id)
    assert [(folder / name).stat().st_mode & 0o777 for name in ("run.sh", "a.py")] == [0o755, 0o644]


def test_publishing_the_same_again_changes_nothing(s3: Any, publisher: DagReleases) -> None:
    first = publisher.publish(contents(a="one"), publisher="ada")
    again = publisher.publish(contents(a="one"), publisher="bob")
    assert (first.changed, again.changed) == (True, False)
    assert again.release == first.release


def test_only_new_content_is_uploaded_and_only_new_content_is_fetched(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="one", b="two", c="three"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    published = publisher.publish(contents(a="one", moved__b="two", c="four", same="four"), publisher="ada")
    assert (published.objects_written, published.bytes_written) == (1, 4)
    outcome = handler.Delivery(handler.bucket, handler.releases, handler.store, handler.now, lambda seconds: None)
    with handler.store.lock():
        built = outcome.run().built
    assert (built.files_fetched, built.bytes_fetched, built.files_linked) == (1, 4, 3)
    assert served(tmp_path) == {"a.py": "one", "moved/b.py": "two", "c.py": "four", "same.py": "four"}


def test_rollback_serves_the_old_files_under_a_new_sequence(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    first = publisher.publish(contents(a="one"), publisher="ada", commit="abc").release
    second = publisher.publish(contents(a="two"), publisher="ada").release
    handler.lambda_handler(SWEEP, CONTEXT)
    back = publisher.rollback(first.id, "bob").release
    assert (back.sequence, back.rollback_of, back.commit, back.publisher) == (3, first.id, "abc", "bob")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}
    assert [release.id for release in publisher.history()] == [back.id, second.id, first.id]


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


def test_rollback_to_what_is_gone_is_refused_by_name(s3: Any, publisher: DagReleases) -> None:
    first = publisher.publish(contents(a="one", b="same"), publisher="ada").release
    publisher.publish(contents(a="two", b="same"), publisher="ada")
    s3.delete_object(Bucket=BUCKET, Key=f"objects/{contents(a='one')[0].sha256}")
    with pytest.raises(ReleaseError, match=r"no longer has a\.py$"):
        publisher.rollback(first.id, "bob")
    with pytest.raises(UnknownReleaseError, match="make releases"):
        publisher.rollback("0000000009-abc-012345", "bob")


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


def test_release_that_removes_most_is_held_until_it_is_confirmed(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="1", b="2", c="3"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    held = publisher.publish(contents(a="1"), publisher="ada").release
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "held"
    assert len(served(tmp_path)) == 3
    assert "2 of 3 files: b.py, c.py" in status(s3)["held"]
    s3.put_object(Bucket=BUCKET, Key="CONFIRMED.json", Body=json.dumps({"release": held.id}).encode())
    assert handler.lambda_handler(an_s3_event("CONFIRMED.json"), CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "1"}
    assert status(s3)["held"] is None


def test_emptied_uploads_are_held(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    put(s3, a="one", b="two")
    handler.lambda_handler(SWEEP, CONTEXT)
    for name in "ab":
        s3.delete_object(Bucket=BUCKET, Key=f"dags/{name}.py")
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "held"
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "held"
    assert len(served(tmp_path)) == 2


def test_release_that_was_meant_is_not_held(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="1", b="2", c="3"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    publisher.publish(contents(a="1"), publisher="ada")
    assert publisher.publish(contents(a="1"), publisher="ada", confirmed=True).changed
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "1"}


def test_content_that_is_not_its_hash_is_never_served(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="one"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    publisher.publish(contents(a="two"), publisher="ada")
    s3.put_object(Bucket=BUCKET, Key=f"objects/{contents(a='two')[0].sha256}", Body=b"bad")
    with pytest.raises(WrongContentError, match=r"a\.py"):
        handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}


def test_damaged_manifest_is_never_served(handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path) -> None:
    publisher.publish(contents(a="one"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    second = publisher.publish(contents(a="two"), publisher="ada").release
    damage(s3, f"releases/{second.id}/manifest.json", b"a.py", b"b.py")
    damage(s3, "HEAD.json", b"a.py", b"b.py")
    with pytest.raises(ManifestError, match=r"HEAD\.json"):
        handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}


def damage(s3: Any, key: str, old: bytes, new: bytes) -> None:
    content = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    assert old in content
    s3.put_object(Bucket=BUCKET, Key=key, Body=content.replace(old, new))


@pytest.mark.parametrize("one", ["manifest", "pointer"])
def test_either_of_pointer_and_manifest_is_enough_to_follow_what_is_served(
    one: str, handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="one", b="same"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    second = publisher.publish(contents(a="two", b="same"), publisher="ada").release
    damaged = {"manifest": f"releases/{second.id}/manifest.json", "pointer": "HEAD.json"}[one]
    damage(s3, damaged, second.files[0].sha256.encode(), b"0" * 64)
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "two", "b.py": "same"}


class CountingFileSystem(FileSystem):
    """Names each call in `calls`."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if callable(found):
            self.calls.append(name)
        return found


def test_small_change_takes_the_same_requests_and_calls_in_any_tree(
    handler: ModuleType, publisher: DagReleases, tmp_path: Path
) -> None:
    """Until it is served: after that, the links for the next release are made."""
    files, requests = CountingFileSystem(), []
    handler.store = ReleaseStore(tmp_path, files)  # type: ignore[attr-defined]
    handler.s3.meta.events.register("before-call", lambda model, **_: requests.append(model.name))
    for number in range(256):
        (tmp_path / "objects" / f"{number:02x}").mkdir(parents=True)  # made when first needed
    taken = []
    for size in (20, 200):
        tree = {f"team{number % 5}__dag{number}": str(number) for number in range(size)}
        publisher.publish(contents(**tree), publisher="ada", confirmed=True)
        handler.lambda_handler(SWEEP, CONTEXT)
        publisher.publish(contents(**tree | {"team2__dag7": f"new in {size:3}"}), publisher="ada")
        files.calls.clear()
        requests.clear()
        with handler.store.lock():
            outcome = handler.Delivery(handler.bucket, handler.releases, handler.store, handler.now, time.sleep).run()
        taken.append((sorted(requests), sorted(files.calls), outcome.built))
        assert served(tmp_path)["team2/dag7.py"] == f"new in {size:3}"
    assert taken[0] == taken[1]
    requests, calls, built = taken[0]
    assert requests == ["GetObject", "GetObject", "ListObjectsV2", "PutObject"]
    assert calls.count("link") == 1
    assert built == Built(files_fetched=1, bytes_fetched=10, files_linked=0)


def test_tree_that_lies_ready_becomes_any_other(handler: ModuleType, publisher: DagReleases, tmp_path: Path) -> None:
    """Files that become folders, folders that become files, none that stay behind."""
    filler = {f"same{number}": "same" for number in range(9)}
    for tree in (
        {"a": "1", "b__c": "1", "b__d__e": "1"},
        {"a": "2", "b__c": "1", "b__d__e": "1"},
        {"a": "2", "b__d__e__f": "1"},
        {"new__deep__er": "3", "a": "2"},
        {"new": "3", "a": "2"},
        {"new": "2", "a": "3"},
        {},
    ):
        expected = {content.path: content.read().decode() for content in contents(**tree | filler)}
        publisher.publish(contents(**tree | filler), publisher="ada")
        handler.lambda_handler({"Records": []}, CONTEXT)
        assert served(tmp_path) == expected
        folder = releases.dags_folder(tmp_path, releases.current_release(tmp_path) or "")
        assert all(any(one.iterdir()) for one in folder.rglob("*") if one.is_dir()), (
            "an empty folder is a package to Python"
        )
        assert len(list((tmp_path / "spare").iterdir())) == 1


def test_release_is_built_anew_when_the_tree_that_lies_ready_is_half_taken(
    handler: ModuleType, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(contents(a="1", b="1", c="1"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    publisher.publish(contents(a="2", b="1", c="1"), publisher="ada")
    with monkeypatch.context() as patched:
        patched.setattr(FileSystem, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "injected")))
        with pytest.raises(OSError, match="injected"):
            handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "1", "b.py": "1", "c.py": "1"}
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "2", "b.py": "1", "c.py": "1"}
    assert not [one.name for one in (tmp_path / "releases").iterdir() if one.name.startswith(".")]


def test_publisher_that_lost_the_race_publishes_after_the_winner(s3: Any, publisher: DagReleases) -> None:
    other, raced = DagReleases(s3, BUCKET), []

    def race() -> bool:
        if not raced:
            raced.append(other.publish(contents(a="winner"), publisher="bob").release)
        return True

    mine = publisher.publish(contents(a="loser"), publisher="ada", wanted=race).release
    assert (raced[0].sequence, mine.sequence, mine.previous) == (1, 2, raced[0].id)


def test_publisher_asks_again_before_each_attempt_and_stops_when_it_is_not_wanted(
    s3: Any, publisher: DagReleases
) -> None:
    other, answers = DagReleases(s3, BUCKET), iter([True, False])

    def race() -> bool:
        other.publish(contents(a="winner"), publisher="bob")
        return next(answers)

    with pytest.raises(NotWantedError):
        publisher.publish(contents(a="loser"), publisher="ada", wanted=race)
    assert [release.publisher for release in publisher.history()] == ["bob"]


def test_move_whose_answer_was_lost_is_known_as_made(
    s3: Any, publisher: DagReleases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore repeats a request that got no answer; the repetition is refused, for the first had been carried out."""
    move = publisher._move

    def lose(*arguments: Any) -> None:
        assert move(*arguments)

    monkeypatch.setattr(publisher, "_move", lose)
    published = publisher.publish(contents(a="one"), publisher="ada")
    assert (published.changed, published.release.sequence) == (True, 1)


def empty(s3: Any) -> None:
    for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])


def test_bucket_made_anew_does_not_stop_publications(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    """Sequences go on where the file system is: nothing older may ever be served again."""
    for text in ("1", "2", "3"):
        publisher.publish(contents(a=text), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    empty(s3)
    publisher.publish(contents(a="4"), publisher="ada")
    found = handler.lambda_handler(SWEEP, CONTEXT)
    assert found["action"] == "refused"
    assert "publish again" in status(s3)["refused"]
    assert served(tmp_path) == {"a.py": "3"}
    assert publisher.publish(contents(a="5"), publisher="ada").release.sequence == 4
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "5"}


def test_bucket_made_anew_does_not_stop_uploads(handler: ModuleType, s3: Any, tmp_path: Path) -> None:
    for text in ("1", "2", "3"):
        put(s3, a=text)
        handler.lambda_handler(SWEEP, CONTEXT)
    empty(s3)
    put(s3, a="4")
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "4"}


def test_pointer_that_was_put_back_serves_nothing_older(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="1"), publisher="ada")
    old = s3.get_object(Bucket=BUCKET, Key="HEAD.json")["Body"].read()
    publisher.publish(contents(a="2"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    s3.put_object(Bucket=BUCKET, Key="HEAD.json", Body=old)
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "refused"
    assert served(tmp_path) == {"a.py": "2"}
    publisher.publish(contents(a="3"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "3"}


@pytest.mark.parametrize("damage", ["gone", "other format"])
def test_manifest_lost_from_the_file_system_is_read_from_the_bucket(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path, damage: str
) -> None:
    release = publisher.publish(contents(a="1"), publisher="ada").release
    handler.lambda_handler(SWEEP, CONTEXT)
    manifest = tmp_path / "releases" / release.id / "manifest.json"
    if damage == "gone":
        manifest.unlink()
    else:
        manifest.write_text('{"format": 2}')
    shutil.rmtree(tmp_path / "spare" / release.id)
    handler.store = ReleaseStore(tmp_path)  # type: ignore[attr-defined] # of an instance that did not read it before
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "kept"
    publisher.publish(contents(a="2"), publisher="ada")
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "2"}


def test_release_waits_for_a_word_when_nobody_knows_what_is_served(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    release = publisher.publish(contents(a="1"), publisher="ada").release
    handler.lambda_handler(SWEEP, CONTEXT)
    (tmp_path / "releases" / release.id / "manifest.json").unlink()
    s3.delete_object(Bucket=BUCKET, Key=f"releases/{release.id}/manifest.json")
    s3.delete_object(Bucket=BUCKET, Key="HEAD.json")
    publisher.publish(contents(a="2"), publisher="ada")
    handler.store = ReleaseStore(tmp_path)  # type: ignore[attr-defined] # of an instance that did not read it before
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "held"
    assert release.id in status(s3)["held"]
    publisher.publish(contents(a="2"), publisher="ada", confirmed=True)
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "published"


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


# ---- removing ----------------------------------------------------------------------------------------


@pytest.fixture
def fourteen(handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path) -> list[str]:
    """Served one after the other, the newest two days ago; with a file that all have, and one of each one's own."""
    ids = []
    for number in range(14):
        ids.append(publisher.publish(contents(a="same", b=f"of {number}"), publisher="ada").release.id)
        handler.lambda_handler(an_s3_event("HEAD.json"), CONTEXT)
    two_days_ago = time.time() - 2 * 86400
    for release_id in ids:
        os.utime(tmp_path / "releases" / release_id / "manifest.json", (two_days_ago, two_days_ago))
    return ids


def say_in_use(s3: Any, releases_in_use: list[str], minutes_ago: int = 0) -> None:
    when = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    word = {"observed_at": when.isoformat(), "releases": releases_in_use}
    s3.put_object(Bucket=BUCKET, Key="IN_USE.json", Body=json.dumps(word).encode())


def test_releases_that_nobody_reads_are_removed_with_their_content(
    handler: ModuleType, s3: Any, tmp_path: Path, fourteen: list[str]
) -> None:
    say_in_use(s3, [fourteen[1]])
    assert handler.lambda_handler(SWEEP, CONTEXT)["removed_releases"] == [fourteen[0], *fourteen[2:4]]
    assert not [path for path in (tmp_path / "releases").iterdir() if path.name.startswith(".")]
    kept = {fourteen[1], *fourteen[4:]}
    assert {path.name for path in (tmp_path / "releases").iterdir()} == kept
    stored = {path.read_text() for path in (tmp_path / "objects").rglob("*") if path.is_file()}
    assert stored == {"same", *(f"of {number}" for number, one in enumerate(fourteen) if one in kept)}
    assert served(tmp_path) == {"a.py": "same", "b.py": "of 13"}


@pytest.mark.parametrize("minutes_ago", [None, 16])
def test_nothing_is_removed_without_a_fresh_word_of_what_is_in_use(
    handler: ModuleType, s3: Any, tmp_path: Path, fourteen: list[str], minutes_ago: int | None
) -> None:
    if minutes_ago is not None:
        say_in_use(s3, [], minutes_ago)
    assert handler.lambda_handler(SWEEP, CONTEXT)["removed_releases"] == []
    assert len(list((tmp_path / "releases").iterdir())) == 14


def test_leftovers_of_killed_syncs_are_removed_by_the_sweep(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="one"), publisher="ada")
    handler.lambda_handler(an_s3_event("HEAD.json"), CONTEXT)
    (tmp_path / "releases" / ".building-0123456789abcdef-x" / "dags").mkdir(parents=True)
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]


def test_release_that_fails_again_and_again_leaves_no_tree_and_not_the_ready_one_either(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="1", b="1", c="1"), publisher="ada")
    first = handler.lambda_handler(SWEEP, CONTEXT)["release"]
    second = publisher.publish(contents(a="2", b="1", c="1"), publisher="ada").release
    good = s3.get_object(Bucket=BUCKET, Key=f"objects/{second.files[0].sha256}")["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=f"objects/{second.files[0].sha256}", Body=b"3")
    for _ in range(3):
        with pytest.raises(WrongContentError):
            handler.lambda_handler(SWEEP, CONTEXT)
        assert [one.name for one in (tmp_path / "releases").iterdir()] == [first]
        assert [one.name for one in (tmp_path / "spare").iterdir()] == [first]
    s3.put_object(Bucket=BUCKET, Key=f"objects/{second.files[0].sha256}", Body=good)
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "2", "b.py": "1", "c.py": "1"}


def test_trees_of_killed_builds_do_not_pile_up_between_sweeps(
    handler: ModuleType, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(contents(a="1"), publisher="ada")
    with monkeypatch.context() as patched:
        patched.setattr(ReleaseStore, "_complete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))  # as a kill
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                handler.lambda_handler({"Records": []}, CONTEXT)
            assert len(list((tmp_path / "releases").iterdir())) == 1
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "1"}
    assert not [one.name for one in (tmp_path / "releases").iterdir() if one.name.startswith(".")]


def test_tree_with_a_very_large_folder_is_not_laid_ready(
    handler: ModuleType, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its links would be made one after the other, longer than a function may run."""
    monkeypatch.setattr(release_store, "LARGEST_FOLDER", 2)
    for version in ("1", "2"):
        publisher.publish(contents(a=version, b="1", team__c="1"), publisher="ada")
        handler.lambda_handler(SWEEP, CONTEXT)
        assert len(list((tmp_path / "spare").iterdir())) == 1
    publisher.publish(contents(a="3", b="1", c="1"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "3", "b.py": "1", "c.py": "1"}
    assert not list((tmp_path / "spare").iterdir())


def test_delivery_that_did_not_come_to_its_end_is_not_counted_as_one_that_did(
    handler: ModuleType, publisher: DagReleases, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The alarm counts these, and this one serves the release but cannot lay the next tree."""
    publisher.publish(contents(a="1"), publisher="ada")
    with monkeypatch.context() as patched:
        patched.setattr(handler.store, "prepare", lambda fetch: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        with pytest.raises(OSError, match="full"):
            handler.lambda_handler(SWEEP, CONTEXT)
    said = capsys.readouterr().out
    assert "ReleasesHeld" in said
    assert "Completed" not in said
    handler.lambda_handler(SWEEP, CONTEXT)
    assert "Completed" in capsys.readouterr().out


@pytest.mark.parametrize("next_event", [{"Records": []}, SWEEP])
@pytest.mark.parametrize("by", ["release", "upload"])
def test_content_half_written_by_a_killed_sync_is_removed_by_the_sweep(
    by: str,
    next_event: dict[str, Any],
    handler: ModuleType,
    s3: Any,
    publisher: DagReleases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the sync after it was another's, and came to its end."""
    if by == "release":
        publisher.publish(contents(a="one"), publisher="ada")
    else:
        put(s3, a="one")
    with monkeypatch.context() as patched, pytest.raises(OSError, match="full"):
        patched.setattr(FileSystem, "finish", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "full")))
        handler.lambda_handler(SWEEP, CONTEXT)
    assert list(tmp_path.glob("objects/*/.incoming-*"))
    handler.lambda_handler(next_event, CONTEXT)
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "one"}
    assert not [path for path in tmp_path.rglob(".*") if path.name != ".lock"]
    assert (tmp_path / ".lock").read_text() == ""


def test_content_with_as_many_links_as_efs_allows_is_copied(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def link_as_efs(source: Path, target: Path) -> None:
        if source.stat().st_nlink >= 5:
            raise OSError(errno.EMLINK, "Too many links")
        link(source, target)

    monkeypatch.setattr("dag_sync.file_system.os.link", link_as_efs)
    publisher.publish(contents(**{f"same{number}": "same" for number in range(23)}), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {f"same{number}.py": "same" for number in range(23)}
    assert len({path.stat().st_ino for path in (tmp_path / "releases").rglob("*.py")}) == 6, (
        "four of each, beside the store's own"
    )


def collection(s3: Any, now: datetime) -> BucketCollection:
    return BucketCollection(s3, BUCKET, DagReleases(s3, BUCKET), lambda: now)


def test_bucket_keeps_what_can_be_brought_back_and_removes_the_rest(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day later, as nothing young is touched; with one publication under way."""
    monkeypatch.setattr(bucket_collection, "KEPT_AT_LEAST", 2)
    long_ago, now = datetime.now(UTC) - timedelta(days=100), datetime.now(UTC) + timedelta(days=2)
    early = DagReleases(s3, BUCKET, lambda: long_ago)
    ids = [early.publish(contents(a="same", b=f"of {n}"), publisher="ada").release.id for n in range(4)]
    later = DagReleases(s3, BUCKET, lambda: now)
    collected = collection(s3, now).collect()
    assert (collected.manifests, collected.objects) == (2, 2)
    assert [release.id for release in later.history()] == [ids[3], ids[2]]
    assert later.rollback(ids[2], "ada").changed
    with pytest.raises(UnknownReleaseError):
        later.rollback(ids[0], "ada")
    assert collection(s3, datetime.now(UTC)).collect() == Collected(0, 0), "what is young stays"


def test_content_that_is_published_again_outlives_the_removal_of_its_old_version(
    s3: Any, publisher: DagReleases
) -> None:
    """Listed as unneeded, written again, then removed: only the version that was listed goes."""
    old = contents(a="again")
    s3.put_object(Bucket=BUCKET, Key=f"objects/{old[0].sha256}", Body=b"again")
    publisher.publish(contents(a="one"), publisher="ada")
    collector = collection(s3, datetime.now(UTC) + timedelta(days=2))
    delete = s3.delete_objects

    def publish_first(**request: Any) -> Any:
        publisher.publish(old, publisher="bob")
        return delete(**request)

    s3.delete_objects = publish_first
    assert collector.collect().objects == 1
    assert s3.get_object(Bucket=BUCKET, Key=f"objects/{old[0].sha256}")["Body"].read() == b"again"


def test_daily_schedule_collects(handler: ModuleType, s3: Any) -> None:
    put(s3, a="one")
    assert handler.lambda_handler({"action": "collect"}, CONTEXT) == {"manifests": 0, "objects": 0}
