"""Archives that are changed, useless, of another commit or cut off: git's contents all the same, or an error."""

import gzip
import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.github.running import LocalGitHub
from push_gate.commit_tree import CommitTrees
from push_gate.git_objects import object_id
from push_gate.github_api import GitHubUnavailableError
from tests.integration.local_github.clone import Clone
from tests.integration.push_gate_archive.conftest import EXPECTED, MANY, Asked, Time, faults, pushed, read


def tampered(original: bytes, change: Callable[[str, bytes], list[tuple[tarfile.TarInfo, bytes]]]) -> bytes:
    """An archive whose files are those that `change` makes of each."""
    target = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(original), mode="r:gz") as before,
        tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as after,
    ):
        for member in before:
            content = before.extractfile(member) if member.isreg() else None
            if content is None:
                after.addfile(member)
                continue
            for made, text in change(member.name, content.read()):
                after.addfile(made, io.BytesIO(text))
    return target.getvalue()


def file(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    return member, content


def evil(content: bytes) -> bytes:
    """As long as the right one."""
    return b"X" * len(content)


def special(name: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd"
    return member, b""


CHANGES: dict[str, Callable[[str, bytes], list[tuple[tarfile.TarInfo, bytes]]]] = {
    "other contents": lambda name, content: [file(name, evil(content))],
    "other contents first": lambda name, content: [file(name, evil(content)), file(name, content)],
    "other contents last": lambda name, content: [file(name, content), file(name, evil(content))],
    "nothing": lambda name, content: [],
    "absolute": lambda name, content: [file(f"/{name}", evil(content))],
    "parent": lambda name, content: [file(f"../../{name}", evil(content)), file(name, content)],
    "symlinks": lambda name, content: [special(name, tarfile.SYMTYPE)],
    "hard links": lambda name, content: [special(name, tarfile.LNKTYPE)],
    "devices": lambda name, content: [special(name, tarfile.CHRTYPE)],
    "more files": lambda name, content: [file(name, content), file(f"{name}.evil.py", b"X")],
    "contents of others": lambda name, content: [file(name, b"print(1)\n")],
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_archive_that_somebody_changed_changes_nothing(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked, tmp_path: Path, name: str
) -> None:
    commit = pushed(clone, MANY)
    place = tmp_path / "archive"
    top = f"farflow-dags-{commit[:7]}/"
    _write_archive(clone, commit, top, place)
    place.write_bytes(tampered(place.read_bytes(), CHANGES[name]))
    faults(github, archives_from=str(place))
    assert read(trees, commit) == EXPECTED
    assert asked.archives() == 1
    for path in (tmp_path / "blobs").iterdir():
        assert object_id("blob", path.read_bytes(), path.name) == path.name


def _write_archive(clone: Clone, commit: str, top: str, place: Path) -> None:
    clone.git("archive", "--format=tar.gz", f"--prefix={top}", f"--output={place}", commit)


USELESS: dict[str, dict[str, Any]] = {
    "cut off": {"cut_archives": 1},
    "bomb": {"bomb_archives": 1},
    "refused": {"api": [{"count": 1, "status": 404, "call": "/tarball/"}]},
    "forbidden": {"api": [{"count": 1, "status": 403, "call": "/tarball/"}]},
    "never answered": {"api": [{"count": 99, "status": 0, "call": "/tarball/"}]},
    "out of order": {"api": [{"count": 99, "status": 502, "call": "/tarball/"}]},
    "too many requests": {"api": [{"count": 9, "status": 429, "headers": {"retry-after": "70"}, "call": "/tarball/"}]},
}


@pytest.mark.parametrize("name", sorted(USELESS))
def test_archive_of_no_use_changes_nothing(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked, time: Time, name: str
) -> None:
    commit = pushed(clone, MANY)
    faults(github, **USELESS[name])
    assert read(trees, commit) == EXPECTED
    assert 0 < asked.blobs() <= len(MANY)
    assert time.passed <= 120  # the half that the archive has


def test_archive_of_another_commit_gives_what_both_have(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked
) -> None:
    changed = {path: text.replace("print", "evil!") for path, text in list(MANY.items())[:20]}
    other = pushed(clone, MANY | changed)
    commit = pushed(clone, MANY)
    faults(github, archives_of=other)
    assert read(trees, commit) == EXPECTED
    assert asked.blobs() == 20


@pytest.mark.parametrize("content", [b"", b"<html>", gzip.compress(b"no tar" * 1000, mtime=0)])
def test_garbage_changes_nothing(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "garbage").write_bytes(content)
    commit = pushed(clone, MANY)
    faults(github, archives_from=str(tmp_path / "garbage"))
    assert read(trees, commit) == EXPECTED
    assert asked.blobs() == len(MANY)


def test_archive_that_is_cut_off_is_worth_what_came_of_it(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, asked: Asked
) -> None:
    """All but the last 200 kB, which wait in buffers."""
    chance = random.Random(3)
    files = {f"dags/{number}.py": chance.randbytes(4000).hex() for number in range(200)}
    commit = pushed(clone, files)
    faults(github, cut_archives=1)
    assert read(trees, commit) == {path.removeprefix("dags/"): text.encode() for path, text in files.items()}
    assert 100 <= asked.blobs() < 175


def test_neither_archive_nor_blobs_is_the_same_error_as_ever(
    github: LocalGitHub, clone: Clone, trees: CommitTrees
) -> None:
    commit = pushed(clone, MANY)
    no_blobs = {"count": 999, "status": 429, "headers": {"retry-after": "3600"}, "call": "/git/blobs/"}
    faults(github, cut_archives=1, api=[no_blobs])
    with pytest.raises(GitHubUnavailableError):
        read(trees, commit)
