"""The push gate's side towards GitHub, against a server that is held to GitHub's own description."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from push_gate import commit_tree, github_api, report
from push_gate.blob_cache import BlobCache
from push_gate.commit_tree import CommitGoneError, CommitTrees, ContentError, Listing, TooLarge
from push_gate.github_api import (
    GitHubApi,
    GitHubAuthenticationError,
    GitHubConflictError,
    GitHubError,
    GitHubForbiddenError,
    GitHubNotFoundError,
    GitHubResponseError,
    GitHubUnavailableError,
    GitHubUnprocessableError,
)
from push_gate.github_auth import find_installation_id
from push_gate.report import CheckRunReport, Judgement, StatusReport
from push_gate.repository import find_repository_id, live_head
from tests.integration.fake_github_api import BASE, REPOSITORY_ID, FakeGitHub, Request

DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
COMMIT = "a" * 40
OTHER_LOOPBACK = "localhost"
"""Another host than 127.0.0.1, as far as tokens go."""


class Tokens:
    def __init__(self) -> None:
        self.made = 1

    def token(self) -> str:
        return f"token-{self.made}"

    def renew(self) -> str:
        self.made += 1
        return self.token()


class Time:
    """Passes when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return 1_800_000_000.0 + self.passed

    def left(self) -> float:
        return 240.0 - self.passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "x")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "x@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    folder = tmp_path / "repository"
    folder.mkdir()
    fake = FakeGitHub(folder)
    fake.git("init", "--quiet", "--initial-branch=main")
    fake.start()
    yield fake
    fake.stop()
    assert not fake.mistakes


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def api(github: FakeGitHub, time: Time, tokens: Tokens) -> Iterator[GitHubApi]:
    with GitHubApi(github.url, tokens, seconds_left=time.left, sleep=time.sleep, now=time.now) as found:
        yield found


@pytest.fixture
def trees(api: GitHubApi, tmp_path: Path) -> CommitTrees:
    return CommitTrees(api, REPOSITORY_ID, BlobCache(tmp_path / "blobs", 10_000_000))


def refused(status: int, message: str = "", **headers: str) -> tuple[int, dict[str, str], Any]:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, {"message": message}


# ---- requests --------------------------------------------------------------------------------------


def test_request_carries_what_github_asks_for(github: FakeGitHub, api: GitHubApi) -> None:
    assert find_repository_id(api, "Codertocat/Hello-World") == REPOSITORY_ID
    (request,) = github.requests
    assert request.path == "/repos/Codertocat/Hello-World"
    assert request.headers["authorization"] == "Bearer token-1"
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert request.headers["user-agent"]


def test_installation_is_found_by_the_repository_s_name(api: GitHubApi) -> None:
    assert find_installation_id(api, "Codertocat/Hello-World") == 957387


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, GitHubForbiddenError),
        (404, GitHubNotFoundError),
        (409, GitHubConflictError),
        (422, GitHubUnprocessableError),
        (418, GitHubResponseError),
        (304, GitHubResponseError),
    ],
)
def test_refusal_is_told_at_once_with_github_s_words(
    github: FakeGitHub, api: GitHubApi, time: Time, status: int, error: type[GitHubError]
) -> None:
    github.faults = [refused(status, "Resource not accessible" if status != 304 else "")]
    if status == 304:
        github.faults = [(304, {}, b"")]
    with pytest.raises(error, match=str(status)) as told:
        api.get("/x")
    assert status == 304 or "Resource not accessible" in str(told.value)
    assert time.slept == []


@pytest.mark.parametrize(
    ("faults", "slept"),
    [
        ([refused(500)], [1]),
        ([None], [1]),
        ([refused(502), None, refused(503)], [1, 2, 4]),
        ([refused(429, retry_after="30")], [30]),
        ([refused(403, x_ratelimit_remaining="0", x_ratelimit_reset="1800000100")], [100]),
        ([refused(403, "You have exceeded a secondary rate limit.")], [60]),
        ([refused(403, "You have exceeded a secondary rate limit."), refused(429, retry_after="5")], [60, 5]),
    ],
)
def test_trouble_that_passes_is_waited_out(
    github: FakeGitHub, api: GitHubApi, time: Time, faults: list[Any], slept: list[float]
) -> None:
    github.faults = list(faults)
    assert find_repository_id(api, "o/r") == REPOSITORY_ID
    assert time.slept == slept


@pytest.mark.parametrize("fault", [refused(500), None, refused(429), refused(429, retry_after="3600")])
def test_trouble_that_lasts_ends_in_time_as_unavailable(
    github: FakeGitHub, api: GitHubApi, time: Time, fault: Any
) -> None:
    github.faults = [fault] * 50
    with pytest.raises(GitHubUnavailableError):
        api.get("/x")
    assert time.passed < 240


def test_no_time_left_asks_nothing(github: FakeGitHub, api: GitHubApi, time: Time) -> None:
    time.passed = 240
    with pytest.raises(GitHubUnavailableError, match="time is up"):
        api.get("/x")
    assert github.requests == []


def test_refused_token_is_renewed_once(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [refused(401, "Bad credentials")]
    assert find_repository_id(api, "o/r") == REPOSITORY_ID
    assert [request.headers["authorization"] for request in github.requests] == ["Bearer token-1", "Bearer token-2"]
    github.faults = [refused(401, "Bad credentials")] * 5
    with pytest.raises(GitHubAuthenticationError):
        api.get("/x")
    assert len(github.requests) == 4


def test_request_whose_answer_was_lost_is_not_repeated_when_it_may_count_twice(
    github: FakeGitHub, api: GitHubApi
) -> None:
    for fault in (None, refused(502)):
        github.requests.clear()
        github.faults = [fault]
        with pytest.raises(GitHubUnavailableError, match="may have been carried out"):
            api.post("/x", {}, repeatable=False)
        assert len(github.requests) == 1


def test_request_that_was_refused_for_its_rate_is_repeated_whatever_it_is(
    github: FakeGitHub, api: GitHubApi, time: Time
) -> None:
    github.faults = [refused(429, retry_after="9"), (201, {}, {"id": 1})]
    assert api.post("/x", {}, repeatable=False) == {"id": 1}
    assert time.slept == [9]


def test_redirect_within_the_host_keeps_the_token(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [(301, {"Location": "/repos/new/name"}, {})]
    assert find_repository_id(api, "o/r") == REPOSITORY_ID
    assert [request.headers.get("authorization") for request in github.requests] == ["Bearer token-1"] * 2


def test_redirect_to_another_host_drops_the_token_for_good(github: FakeGitHub, api: GitHubApi) -> None:
    port = github.url.rpartition(":")[2]
    back = (302, {"Location": f"{github.url}/repos/new/name"}, {})
    github.faults = [(302, {"Location": f"http://{OTHER_LOOPBACK}:{port}/elsewhere"}, {}), back]
    assert find_repository_id(api, "o/r") == REPOSITORY_ID
    assert [(request.path, request.headers.get("authorization")) for request in github.requests] == [
        ("/repos/o/r", "Bearer token-1"),
        ("/elsewhere", None),
        ("/repos/new/name", None),
    ]


def test_redirects_without_end_and_to_another_scheme_are_refused(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [(302, {"Location": "/again"}, {})] * 10
    with pytest.raises(GitHubResponseError, match="redirects"):
        api.get("/x")
    assert len(github.requests) == 4
    github.faults = [(302, {"Location": "file:///etc/passwd"}, {})]
    with pytest.raises(GitHubResponseError, match="redirect to file"):
        api.get("/x")


def test_redirect_of_what_changes_something_is_not_followed(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [(307, {"Location": "/elsewhere"}, {})]
    with pytest.raises(GitHubResponseError):
        api.post("/x", {}, repeatable=True)
    assert len(github.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000])
def test_answer_that_is_no_json_is_an_error(github: FakeGitHub, api: GitHubApi, body: bytes) -> None:
    github.faults = [(200, {}, body)]
    with pytest.raises(GitHubResponseError, match="no JSON"):
        api.get("/x")


def test_answer_without_end_is_cut_off(github: FakeGitHub, api: GitHubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_api, "ANSWER_BYTES", 1000)
    github.faults = [(200, {}, b" " * 1001)]
    with pytest.raises(GitHubResponseError, match="more than 1000 bytes"):
        api.get("/x")


def test_token_is_never_sent_unencrypted(time: Time) -> None:
    with pytest.raises(GitHubError, match="use https"):
        GitHubApi("http://github.example.com", Tokens(), seconds_left=time.left, sleep=time.sleep, now=time.now)


def test_enterprise_server_s_path_comes_before_each_request_s(github: FakeGitHub, time: Time) -> None:
    github.faults = [(200, {}, {})]
    url = f"{github.url}/api/v3/"
    with GitHubApi(url, Tokens(), seconds_left=time.left, sleep=time.sleep, now=time.now) as api:
        api.get("/repos/o/r")
    assert github.requests[0].path == "/api/v3/repos/o/r"


# ---- a branch's head -------------------------------------------------------------------------------


def test_live_head_is_where_the_branch_is_now(github: FakeGitHub, api: GitHubApi) -> None:
    first = github.commit({"a": b"1"})
    assert live_head(api, REPOSITORY_ID, "main") == first
    second = github.commit({"a": b"2"})
    assert live_head(api, REPOSITORY_ID, "main") == second != first


def test_branch_that_is_gone_has_no_head(api: GitHubApi) -> None:
    assert live_head(api, REPOSITORY_ID, "no-such-branch") is None


def test_branch_s_name_is_quoted(github: FakeGitHub, api: GitHubApi) -> None:
    live_head(api, REPOSITORY_ID, "größe/a#b?c%2F")
    assert github.requests[0].path == f"{BASE}/git/ref/heads/gr%C3%B6%C3%9Fe/a%23b%3Fc%252F"


def test_head_that_is_not_known_is_no_missing_branch(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [refused(500)] * 50
    with pytest.raises(GitHubUnavailableError):
        live_head(api, REPOSITORY_ID, "main")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"ref": "refs/heads/main", "object": {"type": "tag", "sha": COMMIT}},
        {"ref": "refs/heads/main", "object": {"type": "commit", "sha": "../x"}},
        {"ref": "refs/heads/maintenance", "object": {"type": "commit", "sha": COMMIT}},
    ],
)
def test_answer_of_another_ref_is_an_error(github: FakeGitHub, api: GitHubApi, answer: Any) -> None:
    github.faults = [(200, {}, answer)]
    with pytest.raises(GitHubResponseError):
        live_head(api, REPOSITORY_ID, "main")


# ---- a commit's tree -------------------------------------------------------------------------------


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


# ---- the report ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    path: str
    line: int = 1
    rule: str = "AIR301"
    severity: Literal["block", "warn"] = "block"
    message: str = "gone"
    fix: str = ""


@pytest.fixture
def check_runs(api: GitHubApi) -> CheckRunReport:
    return CheckRunReport(api, REPOSITORY_ID, "dags", lambda: datetime(2027, 1, 15, 8, tzinfo=UTC))


FAILED = Judgement("failure", "120 that block", "Nothing is published.", [Found(f"{n:03}.py") for n in range(120)])


def test_check_run_is_pending_and_then_judged(github: FakeGitHub, check_runs: CheckRunReport) -> None:
    check_runs.pending(COMMIT, DELIVERY)
    (run,) = github.check_runs.values()
    assert (run["status"], run["conclusion"]) == ("in_progress", None)
    check_runs.finish(COMMIT, DELIVERY, Judgement("success", "no findings", "12 files"))
    (run,) = github.check_runs.values()
    assert (run["name"], run["head_sha"], run["external_id"]) == (report.NAME, COMMIT, DELIVERY)
    assert (run["status"], run["conclusion"], run["completed_at"]) == ("completed", "success", "2027-01-15T08:00:00Z")
    assert run["output"]["title"] == "no findings"


def test_annotations_come_in_fifties_and_the_conclusion_with_the_last(
    github: FakeGitHub, check_runs: CheckRunReport
) -> None:
    check_runs.finish(COMMIT, DELIVERY, FAILED)
    patches = [request.body for request in github.requests if request.method == "PATCH"]
    assert [len(body["output"]["annotations"]) for body in patches] == [50, 50, 20]
    assert [body.get("conclusion") for body in patches] == [None, None, "failure"]
    (run,) = github.check_runs.values()
    assert [annotation["path"] for annotation in run["annotations"]] == [f"dags/{n:03}.py" for n in range(120)]


def test_delivery_that_runs_twice_has_one_check_run_and_no_annotation_twice(
    github: FakeGitHub, check_runs: CheckRunReport
) -> None:
    for _ in range(2):
        check_runs.pending(COMMIT, DELIVERY)
        check_runs.finish(COMMIT, DELIVERY, FAILED)
    (run,) = github.check_runs.values()
    assert len(run["annotations"]) == 120
    assert run["conclusion"] == "failure"


def test_another_delivery_has_a_check_run_of_its_own(github: FakeGitHub, check_runs: CheckRunReport) -> None:
    check_runs.pending(COMMIT, DELIVERY)
    check_runs.pending(COMMIT, "another")
    assert len(github.check_runs) == 2


def test_check_run_is_found_behind_others(
    github: FakeGitHub, check_runs: CheckRunReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "PAGE", 2)
    for number in range(4):
        check_runs.pending(COMMIT, f"other-{number}")
    check_runs.pending(COMMIT, DELIVERY)
    check_runs.pending(COMMIT, DELIVERY)
    assert len(github.check_runs) == 5


def carried_out_and_lost(github: FakeGitHub) -> Callable[[Request], None]:
    """GitHub does what is asked, and the answer never comes."""

    def lose(request: Request) -> None:
        github.regular_answer(request)

    return lose


def as_ever(request: Request) -> Any:
    return 0, {}, None


def test_creation_whose_answer_was_lost_makes_no_second_check_run(
    github: FakeGitHub, check_runs: CheckRunReport
) -> None:
    github.faults = [as_ever, carried_out_and_lost(github)]
    check_runs.pending(COMMIT, DELIVERY)
    assert len(github.check_runs) == 1


def test_creation_that_never_arrived_is_repeated(github: FakeGitHub, check_runs: CheckRunReport) -> None:
    github.faults = [as_ever, None]
    check_runs.pending(COMMIT, DELIVERY)
    assert len(github.check_runs) == 1


def test_verdict_is_told_without_annotations_that_github_refuses(
    github: FakeGitHub, check_runs: CheckRunReport
) -> None:
    github.faults = [as_ever, as_ever, (422, {}, {"message": "Invalid request."})]
    check_runs.finish(COMMIT, DELIVERY, Judgement("success", "1 that warns", "x", [Found("a.py", severity="warn")]))
    (run,) = github.check_runs.values()
    assert (run["status"], run["conclusion"], run["annotations"]) == ("completed", "success", [])
    assert "a.py:1" in run["output"]["text"]


@pytest.mark.parametrize("request_number", range(2, 5))
@pytest.mark.parametrize("lost", ["before", "after"])
def test_batch_whose_answer_was_lost_is_there_once(
    github: FakeGitHub, check_runs: CheckRunReport, request_number: int, lost: str
) -> None:
    fault = carried_out_and_lost(github) if lost == "after" else None
    github.faults = [*([as_ever] * request_number), fault]
    check_runs.finish(COMMIT, DELIVERY, FAILED)
    (run,) = github.check_runs.values()
    assert len(run["annotations"]) == 120
    assert (run["status"], run["conclusion"]) == ("completed", "failure")


def test_gate_that_failed_is_never_a_pass(github: FakeGitHub, api: GitHubApi, check_runs: CheckRunReport) -> None:
    crashed = Judgement("error", "The push gate itself failed", "Push again, or ask whoever runs Farflow.")
    check_runs.finish(COMMIT, DELIVERY, crashed)
    (run,) = github.check_runs.values()
    assert run["conclusion"] == "failure"
    assert "gate itself" in run["output"]["title"]
    StatusReport(api, REPOSITORY_ID).finish(COMMIT, DELIVERY, crashed)
    assert github.statuses[-1]["state"] == "error"


def test_texts_are_cut_and_redacted(github: FakeGitHub, check_runs: CheckRunReport) -> None:
    token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    long = Judgement(
        "failure", f"{token} " * 50, f"{token} " * 7000, [Found("a.py", message=f"{token} {'é' * 70_000}")]
    )
    check_runs.finish(COMMIT, DELIVERY, long)
    (run,) = github.check_runs.values()
    assert len(run["output"]["title"]) == 255
    assert len(run["output"]["summary"]) == 65_535
    assert len(run["annotations"][0]["message"].encode()) <= 64 * 1024
    assert token not in json.dumps(github.check_runs)


def test_status_is_one_line_of_140_characters(github: FakeGitHub, api: GitHubApi) -> None:
    statuses = StatusReport(api, REPOSITORY_ID)
    statuses.pending(COMMIT, DELIVERY)
    statuses.finish(COMMIT, DELIVERY, Judgement("failure", "a\nb ghp_16C7e42F292c6912E7710c838347Ae178B4a" * 20, ""))
    pending, failure = github.statuses
    assert (pending["sha"], pending["state"], pending["context"]) == (COMMIT, "pending", report.NAME)
    assert failure["state"] == "failure"
    assert len(failure["description"]) == 140
    assert failure["description"].startswith("a b [redacted]")


@pytest.mark.parametrize(
    ("conclusion", "state"), [("success", "success"), ("failure", "failure"), ("neutral", "error"), ("error", "error")]
)
def test_only_success_looks_like_one(github: FakeGitHub, api: GitHubApi, conclusion: Any, state: str) -> None:
    StatusReport(api, REPOSITORY_ID).finish(COMMIT, DELIVERY, Judgement(conclusion, "x", ""))
    assert github.statuses[0]["state"] == state
