"""What the next release is: `dag_sync.release`."""

from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from dag_sync.release import DagObject, Keep, Publish, ReleaseError, decide, release_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def an_object(key: str, etag: str = '"1"', size_bytes: int = 10) -> DagObject:
    return DagObject(key, etag, size_bytes)


def test_listing_in_another_order_is_the_same_release() -> None:
    objects = [an_object("dags/a.py"), an_object("dags/b/c.py")]
    assert release_of(objects, "dags/") == release_of(reversed(objects), "dags/")


@pytest.mark.parametrize(
    "changed",
    [
        [an_object("dags/a.py", etag='"2"')],
        [an_object("dags/b.py")],
        [an_object("dags/a.py"), an_object("dags/b.py")],
        [],
    ],
    ids=["same size, other content", "renamed", "added", "removed"],
)
def test_any_change_is_another_release(changed: list[DagObject]) -> None:
    assert release_of(changed, "dags/").digest != release_of([an_object("dags/a.py")], "dags/").digest


def test_prefix_is_taken_off_once() -> None:
    (file,) = release_of([an_object("dags/dags/a.py")], "dags/").files
    assert file.path == PurePosixPath("dags/a.py")


def test_console_folder_marker_is_no_file() -> None:
    assert release_of([an_object("dags/team/", size_bytes=0)], "dags/").files == ()


@pytest.mark.parametrize(
    "key",
    ["dags/../x.py", "dags/a//b.py", "dags//x.py", "dags/./x.py", "dags/a\0.py", f"dags/{'x' * 256}", "dags/full/"],
)
def test_key_that_cannot_be_a_file_refuses_the_whole_listing(key: str) -> None:
    with pytest.raises(ReleaseError, match="cannot be files"):
        release_of([an_object("dags/good.py"), an_object(key)], "dags/")


def test_every_refused_key_is_named() -> None:
    with pytest.raises(ReleaseError, match=r"'dags/\.\./a', 'dags/\.\./b'"):
        release_of([an_object("dags/../b"), an_object("dags/../a")], "dags/")


def test_key_that_is_file_and_folder_at_once_refuses_the_listing() -> None:
    with pytest.raises(ReleaseError, match="a file and a folder at once: a"):
        release_of([an_object("dags/a"), an_object("dags/a/b.py")], "dags/")


def test_first_release_is_published() -> None:
    release = release_of([an_object("dags/a.py")], "dags/")
    assert decide(release, None) == Publish(release, "nothing is served yet")


def test_what_is_served_is_kept() -> None:
    release = release_of([an_object("dags/a.py")], "dags/")
    assert isinstance(decide(release, release.folder_name(NOON)), Keep)


def test_changed_bucket_is_published_with_the_reason() -> None:
    release = release_of([an_object("dags/a.py")], "dags/")
    decision = decide(release, "20261119T120000.000000Z-0123456789abcdef")
    assert isinstance(decision, Publish)
    assert "20261119T120000.000000Z-0123456789abcdef" in decision.reason


def test_content_that_returns_gets_a_new_folder() -> None:
    """The DAG processor decides by modification times what to parse: an old folder would be skipped."""
    release = release_of([an_object("dags/a.py")], "dags/")
    later = NOON.replace(microsecond=1)
    assert release.folder_name(NOON) < release.folder_name(later)
