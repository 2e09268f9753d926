"""The release store on a real file system: its lock, its hint to NFS clients, and what it does not take for granted."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from control_plane.dag_release import DagFile, Release, following
from dag_sync.file_system import FileSystem
from dag_sync.release_store import LockLostError, ReleaseStore, StoreError, WrongContentError, head_record
from farflow import releases
from tests.integration.delivery.world import contents

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def release(number: int = 1, previous: Release | None = None) -> Release:
    files = [content.file for content in contents({"a.py": f"of {number}", "b.py": "same"})]
    return following(previous, files, publisher="ada", now=NOW)


def fetch(file: DagFile) -> list[bytes]:
    texts = {content.sha256: content.read() for n in range(9) for content in contents({"a": f"of {n}", "b": "same"})}
    return [texts[file.sha256]]


def test_two_processes_take_turns(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path)
    taken: Any = multiprocessing.get_context("fork").Queue()

    def take() -> None:
        with ReleaseStore(tmp_path).lock():
            taken.put(time.monotonic())

    with store.lock():
        other = multiprocessing.get_context("fork").Process(target=take)
        other.start()
        time.sleep(0.3)
        assert taken.empty()
        released = time.monotonic()
    other.join(10)
    assert taken.get(timeout=1) >= released


def test_writer_whose_lock_was_taken_over_serves_nothing(tmp_path: Path) -> None:
    first, second = ReleaseStore(tmp_path), ReleaseStore(tmp_path)

    def fetch_meanwhile(file: DagFile) -> list[bytes]:
        (tmp_path / ".lock").write_text("another's token")
        return fetch(file)

    with first.lock(), pytest.raises(LockLostError):
        first.publish(release(), fetch_meanwhile)
    assert second.current_id() is None


def test_writing_without_the_lock_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="lock"):
        ReleaseStore(tmp_path).publish(release(), fetch)


def test_client_that_shows_a_former_listing_learns_of_the_release_from_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For Airflow and for another function's instance alike. Nothing but the hint tells them."""
    store, old = ReleaseStore(tmp_path), release()
    with store.lock():
        store.publish(old, fetch)
    frozen = FileSystem()
    monkeypatch.setattr(frozen, "names", lambda folder: [old.id])
    monkeypatch.setattr(releases, "_listed", lambda folder: [old.id])
    new = release(2, old)
    with store.lock():
        store.publish(new, fetch)
    assert releases.current_release(tmp_path) == new.id
    assert ReleaseStore(tmp_path, frozen).current_id() == new.id


@pytest.mark.parametrize("torn", ["cut", "mixed", "empty", "other", "gone", "path"])
def test_hint_that_is_torn_or_names_nothing_is_no_news(tmp_path: Path, torn: str) -> None:
    store, old = ReleaseStore(tmp_path), release()
    with store.lock():
        store.publish(old, fetch)
    newer = release(2, old).id
    whole, before = head_record(newer), head_record(old.id)
    content = {
        "cut": whole[:40],
        "mixed": whole[:20] + before[20:],
        "empty": b"",
        "other": b"[]" + whole[2:],
        "gone": whole,
        "path": head_record("../../etc"),
    }[torn]
    (tmp_path / "HEAD").write_bytes(content)
    assert releases.current_release(tmp_path) == old.id
    assert store.current_id() == old.id


def test_head_is_rewritten_when_it_was_lost(tmp_path: Path) -> None:
    store, only = ReleaseStore(tmp_path), release()
    with store.lock():
        store.publish(only, fetch)
        (tmp_path / "HEAD").unlink()
        store.point_at(only.id)
    assert (tmp_path / "HEAD").read_bytes() == head_record(only.id)


class ForgetfulFileSystem(FileSystem):
    """Says that it renamed a folder, and did not."""

    def rename(self, source: Path, target: Path) -> None:
        if not source.is_dir():
            super().rename(source, target)


def test_visible_is_what_was_read_back(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path, ForgetfulFileSystem())
    with store.lock(), pytest.raises(StoreError, match="was written"):
        store.publish(release(), fetch)


def test_release_that_another_client_built_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not to be seen in this one's listing."""
    store, only = ReleaseStore(tmp_path), release()
    with store.lock():
        store.publish(only, fetch)
        store.publish(only, fetch)
    assert store.ids() == [only.id]
    assert not [name for name in (tmp_path / "releases").iterdir() if name.name.startswith(".")]


def test_content_that_is_not_what_it_should_be_is_not_served(tmp_path: Path) -> None:
    store = ReleaseStore(tmp_path)
    with store.lock(), pytest.raises(WrongContentError, match=r"a\.py"):
        store.publish(release(), lambda file: [b"something else"])
    assert store.current_id() is None


def test_clearing_never_empties_a_release_that_its_late_writer_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that lost its lock renames its folder into place while another clears it away as left behind."""
    store, only = ReleaseStore(tmp_path), release()
    with store.lock():
        store.publish(only, fetch)
        late = tmp_path / "releases" / ".building-late"
        shutil.copytree(tmp_path / "releases" / only.id, late)
        files_below, completed = FileSystem.files_below, []

        def complete_first(self: FileSystem, folder: Path) -> list[Path]:
            if late.exists():
                late.rename(tmp_path / "releases" / release(2, only).id)
                completed.append(folder)
            return files_below(self, folder)

        monkeypatch.setattr(FileSystem, "files_below", complete_first)
        store.remove([])
    whole = [one.name for one in (tmp_path / "releases").iterdir()]
    assert whole == [only.id], "it was out of the writer's reach before anything in it was removed"
    assert not completed


def test_tree_cleared_away_under_its_late_writer_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It began with the tree that lay ready; what the writer adds must not stand there alone."""
    store, old = ReleaseStore(tmp_path), release()
    with store.lock():
        store.publish(old, fetch)
        store.prepare(fetch)
    make_folder = FileSystem.make_folder

    def clear_first(self: FileSystem, path: Path) -> None:
        for building in (tmp_path / "releases").glob(".building-*"):
            building.rename(tmp_path / "removed")
        make_folder(self, path)

    files = [*old.files, DagFile("team/new.py", old.files[0].sha256, old.files[0].size_bytes)]
    with store.lock(), pytest.raises(FileNotFoundError):
        monkeypatch.setattr(FileSystem, "make_folder", clear_first)
        store.publish(following(old, files, publisher="ada", now=NOW), fetch)
    assert (tmp_path / "removed" / "dags" / "a.py").exists()
    assert ReleaseStore(tmp_path).current_id() == old.id


@pytest.mark.parametrize("removed", ["releases", "objects", "spare"])
def test_folder_that_somebody_removed_by_hand_is_made_again(tmp_path: Path, removed: str) -> None:
    store, old = ReleaseStore(tmp_path), release()
    with store.lock():
        store.publish(old, fetch)
        store.prepare(fetch)
    shutil.rmtree(tmp_path / removed)
    new = release(2, old)
    with store.lock():
        store.publish(new, fetch)
        store.prepare(fetch)
    assert ReleaseStore(tmp_path).current_id() == new.id
    served = tmp_path / "releases" / new.id / "dags"
    assert {file.path: (served / file.path).read_bytes() for file in new.files} == {"a.py": b"of 2", "b.py": b"same"}
    assert (tmp_path / "spare" / new.id).is_dir()


def test_uploads_are_remembered_without_the_line_that_a_crash_cut_off(tmp_path: Path) -> None:
    from control_plane.dag_release import Upload

    store = ReleaseStore(tmp_path)
    one, two = (DagFile(f"{n}.py", str(n) * 64, 1, upload=Upload(f"dags/{n}.py", f'"{n}"', "v")) for n in (1, 2))
    assert store.known_uploads() == {}
    with store.lock():
        store.remember_uploads([one, two])
    path = tmp_path / "uploads.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert store.known_uploads() == {("dags/1.py", '"1"'): one}
    with store.lock():
        store.remember_uploads([two])
    assert set(store.known_uploads().values()) == {one, two}
    with store.lock():
        store.forget_uploads_but([two])
    assert set(store.known_uploads().values()) == {two}
