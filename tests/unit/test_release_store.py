"""Releases on a file system: `dag_sync.release_store`, on a real one."""

import multiprocessing
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dag_sync.release import DagObject, Release, release_of
from dag_sync.release_store import KEPT_RELEASES, ReleaseStore

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_release(version: int, files: int = 3) -> Release:
    return release_of([DagObject(f"dags/pkg/f{n}.py", f'"{version}"', 1) for n in range(files)], "dags/")


def write_etag(item: DagObject, target: Path) -> None:
    target.write_text(item.etag)


def test_published_release_is_served_whole(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path)
    with store.lock():
        name = store.publish(a_release(1), write_etag, NOON)
        assert store.served_folder() == name
    assert sorted(path.name for path in (tmp_path / "current" / "pkg").iterdir()) == ["f0.py", "f1.py", "f2.py"]


def test_nothing_published_serves_nothing(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path)
    with store.lock():
        assert store.served_folder() is None


def test_failed_fetch_leaves_the_old_release_served(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path)

    def fail(item: DagObject, target: Path) -> None:
        if item.key.endswith("f2.py"):
            raise OSError(28, "No space left on device")
        write_etag(item, target)

    with store.lock():
        old = store.publish(a_release(1), write_etag, NOON)
        with pytest.raises(OSError, match="No space left"):
            store.publish(a_release(2), fail, NOON + timedelta(seconds=1))
        assert store.served_folder() == old
        assert (tmp_path / "current" / "pkg" / "f0.py").read_text() == '"1"'
        removed = store.prune(NOON)
    assert len(removed) == 1, "what the failed build left is removed"
    assert [folder.name for folder in (tmp_path / "releases").iterdir()] == [old]


def names_of(root: Path) -> list[str]:
    return sorted(folder.name for folder in (root / "releases").iterdir())


def test_prune_removes_old_releases_beyond_the_newest(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path)
    with store.lock():
        names = [store.publish(a_release(n), write_etag, NOON + timedelta(seconds=n)) for n in range(KEPT_RELEASES + 3)]
        assert store.prune(NOON + timedelta(hours=1)) == names[:3]
        assert store.served_folder() == names[-1]
    assert names_of(tmp_path) == names[3:]


def test_prune_keeps_what_was_served_minutes_ago(tmp_path: Path) -> None:
    """However many releases came since: another client may still read there."""
    store = ReleaseStore(tmp_path)
    with store.lock():
        names = [store.publish(a_release(n), write_etag, NOON + timedelta(seconds=n)) for n in range(KEPT_RELEASES + 9)]
        assert store.prune(NOON + timedelta(minutes=9)) == []
    assert names_of(tmp_path) == names


def test_prune_never_removes_a_served_release_that_is_old(tmp_path: Path) -> None:
    """The clock of another client may be behind: order by name is no proof of not being served."""
    store = ReleaseStore(tmp_path)
    with store.lock():
        for n in range(1, KEPT_RELEASES + 3):
            store.publish(a_release(n), write_etag, NOON + timedelta(seconds=n))
        served = store.publish(a_release(0), write_etag, NOON)
        store.prune(NOON + timedelta(days=1))
        assert store.served_folder() == served
    assert (tmp_path / "current" / "pkg" / "f0.py").exists()


def test_what_is_served_is_known_from_the_locked_file(tmp_path: Path) -> None:
    """Another NFS client's view of the link may be a minute old; its view of a file it locks is not."""
    store = ReleaseStore(tmp_path)
    with store.lock():
        first = store.publish(a_release(1), write_etag, NOON)
        second = store.publish(a_release(2), write_etag, NOON + timedelta(seconds=1))
    stale_link = tmp_path / "stale"
    stale_link.symlink_to(f"releases/{first}")
    stale_link.rename(tmp_path / "current")
    other = ReleaseStore(tmp_path)
    with other.lock():
        assert other.served_folder() == second


def test_vanished_link_counts_as_nothing_served(tmp_path: Path) -> None:
    """So that the next reconciliation puts it back."""
    store = ReleaseStore(tmp_path)
    with store.lock():
        store.publish(a_release(1), write_etag, NOON)
        (tmp_path / "current").unlink()
        assert store.served_folder() is None


def hold_lock(root: Path, entered: str) -> None:
    store = ReleaseStore(root)
    with store.lock():
        store.publish(a_release(1), write_etag, NOON)
        store.served_folder()
        Path(entered).touch()
        time.sleep(0.5)


def test_second_writer_waits_for_the_first(tmp_path: Path) -> None:
    """Across processes, as two instances of the function are, and also after the first has read and written."""
    entered = tmp_path / "entered"
    other = multiprocessing.get_context("spawn").Process(target=hold_lock, args=(tmp_path / "fs", str(entered)))
    (tmp_path / "fs").mkdir()
    other.start()
    while not entered.exists():
        time.sleep(0.01)
    started = time.monotonic()
    with ReleaseStore(tmp_path / "fs").lock():
        waited = time.monotonic() - started
    other.join()
    assert waited > 0.2


def test_reader_never_sees_a_mixture(tmp_path: Path) -> None:
    """Through one resolved root, a reader sees one release's files, all of them."""
    store = ReleaseStore(tmp_path)
    with store.lock():
        store.publish(a_release(0, files=20), write_etag, NOON)
    seen: set[frozenset[str]] = set()
    counts: set[int] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            root = (tmp_path / "current").resolve()
            contents = [path.read_text() for path in (root / "pkg").iterdir()]
            seen.add(frozenset(contents))
            counts.add(len(contents))

    reader = threading.Thread(target=read)
    reader.start()
    for version in range(1, 6):
        with store.lock():
            store.publish(a_release(version, files=20), write_etag, NOON + timedelta(seconds=version))
    done.set()
    reader.join()
    assert all(len(contents) == 1 for contents in seen)
    assert counts == {20}
