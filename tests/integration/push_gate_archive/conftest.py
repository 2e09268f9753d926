"""A DAG folder of many files on the local GitHub, and what is asked of GitHub to fetch it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.github import identity
from local.github.running import LocalGitHub, running
from push_gate import dag_folder
from push_gate.blob_cache import BlobCache
from push_gate.commit_tree import CommitTrees
from push_gate.dag_folder import DagFolder
from push_gate.github_api import GitHubApi
from tests.integration.local_github.clone import Clone

TOKEN = "github_pat_local"
MANY = {f"dags/team{number % 7}/dag{number}.py": f"print({number})\n" for number in range(150)}
"""More than are fetched one by one."""


class Tokens:
    def token(self) -> str:
        return TOKEN

    def renew(self) -> str:
        return TOKEN


class Time:
    """Passes when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return 1_800_000_000.0 + self.passed

    def left(self) -> float:
        return 240.0 - self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalGitHub, Clone]]:
    folder = tmp_path_factory.mktemp("github")
    with running(folder / "github") as github:
        github.tell("PUT", "/token", {"token": TOKEN})
        yield github, Clone.of(github.git_url, folder / "clone")


@pytest.fixture
def github(shared: tuple[LocalGitHub, Clone]) -> LocalGitHub:
    """One for all tests, so without its limit of a minute, and without faults."""
    faults(shared[0])
    return shared[0]


@pytest.fixture
def clone(shared: tuple[LocalGitHub, Clone], github: LocalGitHub) -> Clone:
    """Empty, as far as files go."""
    clone = shared[1]
    clone.git("rm", "--quiet", "-r", "-f", "--ignore-unmatch", ".")
    return clone


def faults(github: LocalGitHub, **wanted: Any) -> None:
    github.tell("PUT", "/faults", {"points_per_minute": None, **wanted})


def api_of(github: LocalGitHub, time: Time) -> GitHubApi:
    return GitHubApi(github.url, Tokens(), seconds_left=time.left, sleep=time.sleep, now=time.now)


@pytest.fixture
def trees(github: LocalGitHub, time: Time, tmp_path: Path) -> Iterator[CommitTrees]:
    with api_of(github, time) as api:
        yield CommitTrees(api, identity.REPOSITORY_ID, BlobCache(tmp_path / "blobs", 100_000_000))


class Asked:
    """How often for what, since it was made."""

    def __init__(self, github: LocalGitHub) -> None:
        self._github = github
        self._before = len(github.tell("GET", "/requests"))

    def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._github.tell("GET", "/requests")[self._before :]
        return found

    def blobs(self) -> int:
        return sum("/git/blobs/" in call["path"] for call in self.calls())

    def archives(self) -> int:
        return sum("/_codeload/" in call["path"] and call["status"] == 200 for call in self.calls())


@pytest.fixture
def asked(github: LocalGitHub) -> Asked:
    return Asked(github)


def pushed(clone: Clone, files: dict[str, str]) -> str:
    commit = clone.commit(dict(files))
    clone.push("--force")
    return commit


def read(trees: CommitTrees, commit: str, folder: str = "dags") -> dict[str, bytes]:
    found = dag_folder.read(trees, commit, folder, trees.folder_id(commit, folder))
    assert isinstance(found, DagFolder)
    return {path: entry.content for path, entry in found.tree.items() if entry.content is not None}


def as_git_has_it(clone: Clone, commit: str, folder: str = "dags") -> dict[str, bytes]:
    paths = clone.git("ls-tree", "-r", "--name-only", "-z", f"{commit}:{folder}").split("\0")
    return {
        path: (clone.git("cat-file", "blob", f"{commit}:{folder}/{path}") + "\n").encode() for path in paths if path
    }


EXPECTED = {path.removeprefix("dags/"): text.encode() for path, text in MANY.items()}
