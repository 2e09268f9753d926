"""Published releases: served whole, brought back, held, and followed by none that is older or damaged."""

import hashlib
import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from control_plane.dag_release import ManifestError
from control_plane.dag_releases import Content, DagReleases, NotWantedError, ReleaseError, UnknownReleaseError
from dag_sync.release_store import ReleaseStore, WrongContentError
from farflow import releases
from tests.integration.dag_sync.conftest import (
    BUCKET,
    CONTEXT,
    SWEEP,
    an_s3_event,
    contents,
    damage,
    put,
    served,
    status,
)


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


def test_rollback_to_what_is_gone_is_refused_by_name(s3: Any, publisher: DagReleases) -> None:
    first = publisher.publish(contents(a="one", b="same"), publisher="ada").release
    publisher.publish(contents(a="two", b="same"), publisher="ada")
    s3.delete_object(Bucket=BUCKET, Key=f"objects/{contents(a='one')[0].sha256}")
    with pytest.raises(ReleaseError, match=r"no longer has a\.py$"):
        publisher.rollback(first.id, "bob")
    with pytest.raises(UnknownReleaseError, match="make releases"):
        publisher.rollback("0000000009-abc-012345", "bob")


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


def test_release_that_was_meant_is_not_held(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path
) -> None:
    publisher.publish(contents(a="1", b="2", c="3"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    publisher.publish(contents(a="1"), publisher="ada")
    assert publisher.publish(contents(a="1"), publisher="ada", confirmed=True).changed
    assert handler.lambda_handler(SWEEP, CONTEXT)["action"] == "published"
    assert served(tmp_path) == {"a.py": "1"}


# ---- several publishers --------------------------------------------------------------------------


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


# ---- what was damaged or lost --------------------------------------------------------------------


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
