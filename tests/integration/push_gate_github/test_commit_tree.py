"""A commit's folder, read by git's own ids: as git has it, within limits, and nothing that is not git's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from push_gate import commit_tree
from push_gate.blob_cache import BlobCache
from push_gate.commit_tree import CommitGoneError, CommitTrees, ContentError, Listing, TooLarge
from push_gate.github_api import GitHubResponseError, GitHubUnavailableError
from tests.integration.push_gate_github.conftest import COMMIT, Time, as_ever, refused
from tests.integration.push_gate_github.fake_github_api import BASE, FakeGitHub

FILES: dict[str, bytes | None] = {
    "README.md": b"x",
    "dags/a.py": b"print(1)\n",
    "dags/same.py": b"print(1)\n",
    "dags/empty.py": b"",
    "dags/team/b.py": b"\x00\xff binary",
    "dags/team/deep/c.sql": b"select 1",
    "dags-old/d.py": b"no",
    "größe/名前.py": b"",
}


def listed(trees: CommitTrees, commit: str, folder: str = "dags") -> Listing:
    folder_id = trees.folder_id(commit, folder)
    assert folder_id is not None
    found = trees.listing(folder_id)
    assert isinstance(found, Listing)
    return found


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_folder_is_read_as_git_has_it(github: FakeGitHub, trees: CommitTrees, tmp_path: Path, algorithm: str) -> None:
    github.folder = tmp_path / algorithm
    github.folder.mkdir()
    github.git("init", "--quiet", f"--object-format={algorithm}")
    commit = github.commit(FILES)
    assert len(commit) == {"sha1": 40, "sha256": 64}[algorithm]
    assert trees.contents(listed(trees, commit), commit, "dags") == {
        path.removeprefix("dags/"): content for path, content in FILES.items() if path.startswith("dags/")
    }
    everything = listed(trees, commit, "")
    assert trees.contents(everything, commit, "") == FILES
    assert trees.folder_id(commit, "dags/team") == github.git("rev-parse", f"{commit}:dags/team").decode().strip()


@pytest.mark.parametrize("folder", ["missing", "dags/missing", "README.md", "README.md/x", "dags/a.py"])
def test_folder_that_is_none_is_told_apart(github: FakeGitHub, trees: CommitTrees, folder: str) -> None:
    assert trees.folder_id(github.commit(FILES), folder) is None


def test_links_and_submodules_are_listed_and_never_fetched(github: FakeGitHub, trees: CommitTrees) -> None:
    commit = github.commit({"dags/a.py": b"1", "dags/sub": None}, links={"dags/s.py": "/etc/passwd"})
    listing = listed(trees, commit)
    assert {entry.path: entry.mode for entry in listing.entries} == {
        "a.py": "100644",
        "s.py": "120000",
        "sub": "160000",
    }
    assert trees.contents(listing, COMMIT, "dags") == {"a.py": b"1"}
    assert len([request for request in github.requests if "/blobs/" in request.path]) == 1


def test_same_content_is_fetched_once_and_not_again(github: FakeGitHub, trees: CommitTrees) -> None:
    listing = listed(trees, github.commit(FILES))
    trees.contents(listing, COMMIT, "dags")
    blobs = [request for request in github.requests if "/blobs/" in request.path]
    assert len(blobs) == 4
    github.requests.clear()
    assert trees.contents(listing, COMMIT, "dags")["a.py"] == b"print(1)\n"
    assert github.requests == []


def test_attempt_that_ran_out_of_time_leaves_what_it_fetched(
    github: FakeGitHub, trees: CommitTrees, time: Time
) -> None:
    listing = listed(trees, github.commit({f"dags/{n}.py": str(n).encode() for n in range(40)}))
    github.faults = [*([as_ever] * 30), *([refused(429, retry_after="3600")] * 40)]
    with pytest.raises(GitHubUnavailableError):
        trees.contents(listing, COMMIT, "dags")
    github.faults = []
    github.requests.clear()
    assert len(trees.contents(listing, COMMIT, "dags")) == 40
    assert len(github.requests) == 10


def test_cache_that_was_tampered_with_is_not_believed(github: FakeGitHub, trees: CommitTrees, tmp_path: Path) -> None:
    listing = listed(trees, github.commit(FILES))
    expected = trees.contents(listing, COMMIT, "dags")
    for path in (tmp_path / "blobs").iterdir():
        path.write_bytes(b"import os; os.abort()")
    assert trees.contents(listing, COMMIT, "dags") == expected


def test_cache_starts_anew_when_it_is_full(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "c", 25)
    shas = {}
    for content in (b"a" * 10, b"b" * 10, b"c" * 10):
        shas[content] = commit_tree.object_id("blob", content, "0" * 40)
        cache.write(shas[content], content)
    assert [cache.read(sha) for sha in shas.values()] == [None, None, b"c" * 10]
    assert BlobCache(tmp_path / "c", 25).read(shas[b"c" * 10]) == b"c" * 10
    cache.write("0" * 40, b"x" * 26)
    assert cache.read("0" * 40) is None


def test_commit_that_is_gone_is_told_apart_from_an_outage(github: FakeGitHub, trees: CommitTrees) -> None:
    with pytest.raises(CommitGoneError):
        trees.folder_id(COMMIT, "dags")
    github.faults = [refused(500)] * 50
    with pytest.raises(GitHubUnavailableError):
        trees.folder_id(COMMIT, "dags")


def altered(operation_end: str, change: Callable[[Any], Any]) -> Callable[[str, Any], Any]:
    """Changes the answers of one operation."""
    return lambda operation, body: change(body) if operation.endswith(operation_end) else body


def drop(name: str) -> Callable[[Any], Any]:
    return lambda body: body | {"tree": [entry for entry in body["tree"] if not entry["path"].startswith(name)]}


def rename(old: str, new: str) -> Callable[[Any], Any]:
    return lambda body: (
        body | {"tree": [entry | {"path": new} if entry["path"] == old else entry for entry in body["tree"]]}
    )


def add(**entry: Any) -> Callable[[Any], Any]:
    complete = {"mode": "100644", "type": "blob", "sha": "b" * 40, "size": 1, **entry}
    return lambda body: body | {"tree": [*body["tree"], complete]}


def repeat(name: str) -> Callable[[Any], Any]:
    return lambda body: body | {"tree": [*body["tree"], *(entry for entry in body["tree"] if entry["path"] == name)]}


@pytest.mark.parametrize(
    "change",
    [
        drop("a.py"),
        drop("team/"),
        drop("team/deep/"),
        rename("a.py", "z.py"),
        rename("team/b.py", "team/z.py"),
        add(path="evil.py"),
        add(path="team/evil.py"),
        add(path="nowhere/evil.py"),
        repeat("a.py"),
    ],
    ids=["left out", "folder left out", "deep folder left out", "renamed", "renamed in a folder", "added", "added in a folder", "added in no folder", "twice"],
)  # fmt: skip
def test_tree_that_is_not_git_s_is_refused(github: FakeGitHub, trees: CommitTrees, change: Any) -> None:
    commit = github.commit(FILES)
    folder_id = trees.folder_id(commit, "dags")
    assert folder_id is not None
    github.alter = altered("{tree_sha}", change)
    with pytest.raises(ContentError):
        trees.listing(folder_id)


def test_tree_with_one_name_twice_is_refused_although_it_is_git_s(github: FakeGitHub, trees: CommitTrees) -> None:
    """Git itself never writes such a tree; of two files with one path, one would be judged and the other published."""
    sha = github.git("hash-object", "-w", "--stdin", input=b"x").decode().strip()
    entry = b"100644 a.py\0" + bytes.fromhex(sha)
    tree = github.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", input=entry * 2).decode().strip()
    with pytest.raises(ContentError, match=r"a\.py twice"):
        trees.listing(tree)


def test_names_that_are_no_utf_8_are_listed_for_the_lint_to_refuse(github: FakeGitHub, trees: CommitTrees) -> None:
    """GitHub gives one path for all of them: a finding, not an outage that every attempt runs into."""

    def written(kind: str, content: bytes) -> bytes:
        return bytes.fromhex(github.git("hash-object", "-t", kind, "-w", "--stdin", input=content).decode())

    blob = written("blob", b"x")
    inner = [written("tree", b"100644 %b\0" % name + blob) for name in (b"a.py", b"b.py")]
    files = b"".join(b"100644 %b.txt\0" % name + blob for name in (b"\xfe", b"\xff"))
    folders = b"".join(b"40000 %b\0" % name + sha for name, sha in zip((b"\xfe", b"\xff"), inner, strict=True))
    entries = folders[: len(folders) // 2] + files[: len(files) // 2]
    entries += folders[len(folders) // 2 :] + files[len(files) // 2 :]
    listing = trees.listing(written("tree", entries).hex())
    assert isinstance(listing, Listing)
    assert {entry.path for entry in listing.entries} == {"\ufffd.txt", "\ufffd/a.py", "\ufffd/b.py"}


def test_root_that_is_not_git_s_is_refused(github: FakeGitHub, trees: CommitTrees) -> None:
    github.alter = altered("{tree_sha}", rename("dags-old", "dagz"))
    with pytest.raises(ContentError):
        trees.folder_id(github.commit(FILES), "dags")


@pytest.mark.parametrize("content", [b"print(2)\n", b"print(1)\n\n", b""])
def test_content_that_is_not_git_s_is_refused(github: FakeGitHub, trees: CommitTrees, content: bytes) -> None:
    import base64

    listing = listed(trees, github.commit({"dags/a.py": b"print(1)\n"}))
    github.alter = altered("{file_sha}", lambda body: body | {"content": base64.b64encode(content).decode()})
    with pytest.raises(ContentError):
        trees.contents(listing, COMMIT, "dags")


def test_another_commit_than_the_one_asked_for_is_refused(github: FakeGitHub, trees: CommitTrees) -> None:
    github.alter = altered("{commit_sha}", lambda body: body | {"sha": COMMIT})
    with pytest.raises(ContentError):
        trees.folder_id(github.commit(FILES), "dags")


@pytest.mark.parametrize("sha", ["../../../user", "main", "a" * 39, "a" * 40 + "?x", ""])
def test_id_that_is_none_is_never_asked_for(github: FakeGitHub, trees: CommitTrees, sha: str) -> None:
    """Ids of an answer go into the path of the next request."""
    commit = github.commit(FILES)
    github.alter = altered("{commit_sha}", lambda body: body | {"tree": body["tree"] | {"sha": sha}})
    with pytest.raises(GitHubResponseError, match="no id of git"):
        trees.folder_id(commit, "dags")
    assert len(github.requests) == 1


def test_tree_that_github_cuts_off_is_walked_folder_by_folder(github: FakeGitHub, trees: CommitTrees) -> None:
    commit = github.commit(FILES)
    whole = listed(trees, commit)
    github.requests.clear()
    github.faults = [lambda request: (200, {}, {"sha": "x", "tree": [], "truncated": True})]
    folder_id = github.git("rev-parse", f"{commit}:dags").decode().strip()
    assert trees.listing(folder_id) == whole
    assert len(github.requests) == 4  # at once, and dags, dags/team, dags/team/deep


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("FILES", 4, "it has 5 files; 4 are the limit"),
        ("FILE_BYTES", 8, "a.py has 9 bytes; 8 are the limit of one file"),
        ("TREE_BYTES", 20, "it has 35 bytes; 20 are the limit"),
    ],
)
def test_folder_beyond_a_limit_is_told_and_not_fetched(
    github: FakeGitHub, trees: CommitTrees, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, reason: str
) -> None:
    monkeypatch.setattr(commit_tree, limit, value)
    folder_id = trees.folder_id(github.commit(FILES), "dags")
    assert folder_id is not None
    assert trees.listing(folder_id) == TooLarge(reason)
    assert not any("/blobs/" in request.path for request in github.requests)


def test_walk_ends_at_the_limits(github: FakeGitHub, trees: CommitTrees, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_tree, "FOLDERS", 2)
    folder_id = trees.folder_id(github.commit(FILES), "dags")
    assert folder_id is not None
    github.faults = [lambda request: (200, {}, {"sha": "x", "tree": [], "truncated": True})]
    found = trees.listing(folder_id)
    assert isinstance(found, TooLarge)
    assert "2 folders" in found.reason


def test_no_request_goes_to_an_address_of_an_answer(github: FakeGitHub, trees: CommitTrees) -> None:
    """Each answer names 169.254.169.254; whoever asked there would hang or fail."""
    trees.contents(listed(trees, github.commit(FILES)), COMMIT, "dags")
    assert all(request.path.startswith(f"{BASE}/git/") for request in github.requests)
