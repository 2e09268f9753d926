"""GitHub as the gate calls it: a server held to GitHub's own description, and a `Time` that passes when somebody sleeps."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from push_gate.blob_cache import BlobCache
from push_gate.commit_tree import CommitTrees
from push_gate.github_api import GitHubApi
from tests.integration.push_gate_github.fake_github_api import REPOSITORY_ID, FakeGitHub, Request

DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
COMMIT = "a" * 40


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


def as_ever(request: Request) -> Any:
    return 0, {}, None
