"""A folder of many files is fetched by way of the commit's archive: git's contents, within GitHub's limits."""

import random
import urllib.request
from pathlib import Path

import pytest

from local.github import identity
from local.github.running import LocalGitHub, running
from push_gate import commit_tree
from push_gate.blob_cache import BlobCache
from push_gate.commit_tree import CommitTrees
from tests.integration.local_github.clone import Clone
from tests.integration.push_gate_archive.conftest import (
    EXPECTED,
    MANY,
    TOKEN,
    Asked,
    Time,
    api_of,
    as_git_has_it,
    faults,
    pushed,
    read,
)


def test_first_fetch_of_1200_files_keeps_to_github_s_limits(tmp_path: Path, time: Time) -> None:
    """Blob by blob, it would wait for the next minute."""
    files = {f"dags/team{number % 9}/dag{number}.py": f"x = {number}\n" * 40 for number in range(1200)}
    with running(tmp_path / "github") as github, api_of(github, time) as api:
        github.tell("PUT", "/token", {"token": TOKEN})
        clone = Clone.of(github.git_url, tmp_path / "clone")
        commit = pushed(clone, {**files, "README.md": "x"})
        trees = CommitTrees(api, identity.REPOSITORY_ID, BlobCache(tmp_path / "blobs", 100_000_000))
        asked = Asked(github)
        assert read(trees, commit) == {path.removeprefix("dags/"): text.encode() for path, text in files.items()}
        assert (asked.blobs(), asked.archives(), len(asked.calls()), time.passed) == (0, 1, 5, 0)
        again = Asked(github)
        read(trees, commit)
        assert (again.blobs(), again.archives()) == (0, 0)


def test_few_files_are_fetched_one_by_one(clone: Clone, trees: CommitTrees, asked: Asked) -> None:
    """Also of a large folder, where few of them are new."""
    files = {f"dags/{number}.py": f"of few {number}\n" for number in range(commit_tree.BLOBS)}
    assert len(read(trees, pushed(clone, files | {"dags/copy.py": "of few 0\n"}))) == len(files) + 1
    assert (asked.blobs(), asked.archives()) == (len(files), 0)
    read(trees, pushed(clone, files | {"dags/new.py": "new\n"}))
    assert (asked.blobs(), asked.archives()) == (len(files) + 1, 0)
    read(trees, pushed(clone, files | {f"dags/more{number}.py": f"more {number}\n" for number in range(101)}))
    assert (asked.blobs(), asked.archives()) == (len(files) + 1, 1)


@pytest.mark.parametrize("folder", ["dags", "/dags/", ""])
def test_folder_is_found_in_the_archive_however_it_is_written(
    clone: Clone, trees: CommitTrees, asked: Asked, folder: str
) -> None:
    commit = pushed(clone, MANY)
    assert len(read(trees, commit, folder)) == len(MANY)
    assert (asked.blobs(), asked.archives()) == (0, 1)


def test_attributes_that_change_or_leave_out_files_change_nothing(
    clone: Clone, trees: CommitTrees, asked: Asked
) -> None:
    special = {
        "dags/.gitattributes": "ignored/** export-ignore\nsubst.py export-subst\ncrlf.py eol=crlf\nident.py ident\n"
        "utf16.py working-tree-encoding=UTF-16\nlfs.bin filter=lfs\n",
        "dags/ignored/a.py": "import evil\n",
        "dags/subst.py": "commit = '$Format:%H$'\n",
        "dags/crlf.py": "a\nb\n",
        "dags/ident.py": "# $Id$\n",
        "dags/lfs.bin": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    }
    commit = pushed(clone, MANY | special)
    found = read(trees, commit)
    assert found == EXPECTED | {path.removeprefix("dags/"): text.encode() for path, text in special.items()}
    assert asked.archives() == 1
    assert asked.blobs() == 4  # those that are left out or changed
    assert found == as_git_has_it(clone, commit)


def test_links_and_submodules_have_no_content(clone: Clone, trees: CommitTrees, asked: Asked) -> None:
    for path, text in MANY.items():
        (clone.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (clone.folder / path).write_text(text)
    (clone.folder / "dags" / "link.py").symlink_to("/etc/passwd")
    (clone.folder / "dags" / "long.py").symlink_to("x" * 200)
    clone.git("add", "--all")
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},dags/sub")
    clone.git("commit", "--quiet", "--message", "x")
    clone.push("--force")
    assert read(trees, clone.git("rev-parse", "HEAD")) == EXPECTED
    assert (asked.blobs(), asked.archives()) == (0, 1)


def test_archive_is_read_no_further_than_there_is_something_to_find(
    github: LocalGitHub, clone: Clone, trees: CommitTrees, caplog: pytest.LogCaptureFixture
) -> None:
    """A repository may have much else."""
    commit = pushed(clone, MANY | {"much else": random.Random(4).randbytes(500_000).hex()})
    faults(github, cut_archives=1)
    assert read(trees, commit) == EXPECTED
    assert "archive" not in caplog.text
    (clone.folder / "much else").unlink()


# ---- the token -----------------------------------------------------------------------------------


def test_token_never_reaches_the_second_host(clone: Clone, trees: CommitTrees, asked: Asked) -> None:
    read(trees, pushed(clone, MANY))
    calls = {
        ("/_codeload/" in call["path"], call["host"].partition(":")[0], call["authorization"]) for call in asked.calls()
    }
    assert calls == {(False, "127.0.0.1", "token"), (True, "localhost", "none")}


def test_second_host_would_refuse_the_token(github: LocalGitHub, clone: Clone) -> None:
    commit = pushed(clone, MANY)
    with pytest.raises(OSError, match="400"):
        _answer_of(f"{github.url.replace('127.0.0.1', 'localhost')}/_codeload/farflow/dags/legacy.tar.gz/{commit}")


def _answer_of(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=10) as answer:
        found: bytes = answer.read()
        return found
