"""How a release's tree is built on the file system: out of the one that lies ready, and again when that failed."""

import errno
import os
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from control_plane.dag_releases import DagReleases
from dag_sync import release_store
from dag_sync.file_system import FileSystem
from dag_sync.release_store import Built, ReleaseStore, WrongContentError
from farflow import releases
from tests.integration.dag_sync.conftest import BUCKET, CONTEXT, SWEEP, contents, served


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


def test_content_with_as_many_links_as_efs_allows_is_copied(
    handler: ModuleType, s3: Any, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, server = os.link, threading.Lock()

    def link_as_efs(source: Path, target: Path) -> None:
        with server:
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


@pytest.mark.parametrize("refusals", [1, 2, 3, 7])
def test_copy_whose_links_others_use_up_meanwhile_is_made_again(
    handler: ModuleType, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    link, left = os.link, [OSError(errno.EMLINK, "Too many links") for _ in range(refusals)]

    def link_at_last(source: Path, target: Path) -> None:
        if left:
            raise left.pop()
        link(source, target)

    monkeypatch.setattr("dag_sync.file_system.os.link", link_at_last)
    publisher.publish(contents(a="1"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "1"}


def test_file_system_that_allows_no_link_fails_the_sweep_and_the_next_one_mends_it(
    handler: ModuleType, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(contents(a="1"), publisher="ada")

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EMLINK, "Too many links")

    with monkeypatch.context() as patch:
        patch.setattr("dag_sync.file_system.os.link", refuse)
        with pytest.raises(OSError, match="Too many links"):
            handler.lambda_handler(SWEEP, CONTEXT)
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "1"}


def test_content_that_was_damaged_is_fetched_anew_and_not_copied(
    handler: ModuleType, publisher: DagReleases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish(contents(a="1"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    (stored,) = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    stored.unlink()
    stored.write_text("damaged")
    link = os.link

    def link_but_what_is_damaged(source: Path, target: Path) -> None:
        if source.read_text() == "damaged":
            raise OSError(errno.EMLINK, "Too many links")
        link(source, target)

    monkeypatch.setattr("dag_sync.file_system.os.link", link_but_what_is_damaged)
    publisher.publish(contents(a="1", b="1"), publisher="ada")
    handler.lambda_handler(SWEEP, CONTEXT)
    assert served(tmp_path) == {"a.py": "1", "b.py": "1"}
    assert stored.read_text() == "1"
