"""What is removed, and what never is: old releases, what killed syncs left, what the bucket no longer needs."""

import errno
import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from control_plane.dag_releases import DagReleases, UnknownReleaseError
from dag_sync import bucket_collection
from dag_sync.bucket_collection import BucketCollection, Collected
from dag_sync.file_system import FileSystem
from dag_sync.release_store import ReleaseStore
from tests.integration.dag_sync.conftest import BUCKET, CONTEXT, SWEEP, an_s3_event, contents, put, served


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


# ---- the bucket ----------------------------------------------------------------------------------


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
