"""What a release and its manifest are."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from control_plane import dag_release
from control_plane.dag_release import DagFile, Head, ManifestError, Release, Upload, following

NOW = datetime(2026, 11, 21, 8, 30, 1, 250_000, tzinfo=UTC)
FILES = (
    DagFile("b.py", "b" * 64, 2, executable=True),
    DagFile("a.py", "a" * 64, 1, upload=Upload("dags/a.py", '"1"', "v1")),
)
FIRST = following(None, FILES, publisher="ada", now=NOW, commit="3F2A91C0d4e5f6")


def test_manifest_is_read_as_it_was_written() -> None:
    assert dag_release.from_json(FIRST.manifest, FIRST.id) == FIRST


def test_id_begins_with_sequence_and_commit_and_sorts_as_the_sequence() -> None:
    later = following(FIRST, FILES[:1], publisher="ada", now=NOW)
    assert FIRST.id.startswith("0000000001-3f2a91c0-")
    assert later.id.startswith(f"0000000002-{later.digest[:8]}-")
    assert dag_release.is_release_id(FIRST.id)
    assert FIRST.id < replace(FIRST, sequence=10).id < replace(FIRST, sequence=1_000_000).id
    assert later.previous == FIRST.id


def test_two_who_publish_the_same_commit_write_different_manifests() -> None:
    other = following(None, FILES, publisher="bob", now=NOW, commit=FIRST.commit)
    assert (other.digest, other.sequence) == (FIRST.digest, FIRST.sequence)
    assert other.id != FIRST.id


def test_digest_is_of_paths_contents_and_modes_alone() -> None:
    moved = following(FIRST, reversed(FILES), publisher="x", now=NOW + timedelta(days=1))
    assert moved.digest == FIRST.digest
    plain = [replace(file, upload=None) for file in FILES]
    assert following(None, plain, publisher="x", now=NOW).digest == FIRST.digest
    for other in (
        replace(FILES[0], path="c.py"),
        replace(FILES[0], sha256="c" * 64),
        replace(FILES[0], executable=False),
    ):
        assert following(None, [other, FILES[1]], publisher="x", now=NOW).digest != FIRST.digest


def test_release_takes_the_uploads_into_account_that_the_one_before_did() -> None:
    uploaded = following(FIRST, FILES, publisher="x", now=NOW, uploads_digest="d1")
    assert following(uploaded, FILES[:1], publisher="x", now=NOW).uploads_digest == "d1"


def test_times_are_kept_in_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=5)))
    assert following(None, FILES, publisher="ada", now=local, commit=FIRST.commit) == FIRST


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"sequence": 2},
        {"files": [{"path": "a.py"}]},
        {"files": [{"path": 1, "sha256": "a" * 64, "size_bytes": 1}]},
        {"files": [{"path": "a.py", "sha256": "../" * 10, "size_bytes": 1}]},
        {"files": [{"path": "a.py", "sha256": "a" * 64, "size_bytes": 1, "surprise": 1}]},
        {"published_at": "yesterday"},
        {"surprise": 1},
    ],
    ids=str,
)
def test_damaged_manifest_is_refused_by_name(change: dict[str, Any]) -> None:
    content = json.dumps(json.loads(FIRST.manifest) | change).encode()
    with pytest.raises(ManifestError, match=FIRST.id):
        dag_release.from_json(content, FIRST.id)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff", FIRST.manifest[:-1]], ids=repr)
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(ManifestError):
        dag_release.from_json(content, FIRST.id)
    with pytest.raises(ManifestError):
        dag_release.head_from_json(content)


def test_pointer_is_read_as_it_was_written_and_names_releases_only() -> None:
    head = Head(FIRST.id, "0" * 64)
    assert dag_release.head_from_json(head.to_json()) == head
    with pytest.raises(ManifestError, match="passwd"):
        dag_release.head_from_json(Head("../../etc/passwd", "0" * 64).to_json())


def moved(files: list[DagFile]) -> Release:
    return following(FIRST, files, publisher="bob", now=NOW, confirmed=True)


def test_pointer_says_a_small_change_itself() -> None:
    new = DagFile("new.py", "c" * 64, 3, executable=True, upload=Upload("dags/new.py", '"e"', "v"))
    release = moved([*FIRST.files[1:], new])
    head = dag_release.head_from_json(dag_release.head_of(release, FIRST).to_json())
    assert head.given(FIRST) == release
    assert head.names(release.manifest)


@pytest.mark.parametrize(
    "change",
    [{"gone": []}, {"files": []}, {"files": [{"path": "a.py"}]}, {"publisher": "eve"}, {"format": 2}, {"surprise": 1}],
    ids=str,
)
def test_change_that_does_not_give_the_manifest_is_not_believed(change: dict[str, Any]) -> None:
    release = moved([*FIRST.files[1:], DagFile("new.py", "c" * 64, 3)])
    head = dag_release.head_of(release, FIRST)
    assert head.change
    assert Head(release.id, head.manifest_sha256, head.change | change).given(FIRST) is None


def test_change_is_from_the_release_before_only() -> None:
    release = moved([*FIRST.files, DagFile("new.py", "c" * 64, 3)])
    another = following(release, FILES, publisher="ada", now=NOW)
    assert dag_release.head_of(release, FIRST).given(another) is None


def test_pointer_leaves_a_large_change_to_the_manifest() -> None:
    files = [DagFile(f"{number}.py", f"{number:064}", 3) for number in range(1000)]
    release = moved(files)
    head = dag_release.head_of(release, FIRST)
    assert head.change is None
    assert len(head.to_json()) < 1000
    smaller = dag_release.head_of(moved(files[:300]), FIRST)
    assert smaller.change
    assert len(smaller.to_json()) < dag_release.CHANGE_BYTES


def test_change_of_another_shape_is_refused() -> None:
    with pytest.raises(ManifestError, match=r"HEAD\.json"):
        dag_release.head_from_json(json.dumps({"release_id": FIRST.id, "manifest_sha256": "0", "change": [1]}).encode())


def test_release_that_is_known_already_is_given_unless_its_manifest_is_another() -> None:
    assert dag_release.head_of(FIRST, None).given(FIRST) == FIRST
    assert Head(FIRST.id, "0" * 64).given(FIRST) is None
