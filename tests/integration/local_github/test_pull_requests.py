"""Pull requests from forks and from branches."""

from pathlib import Path

import pytest

from local import layout
from local.github import identity
from local.github.running import LocalGitHub, LocalGitHubError
from tests.integration.local_github import published
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.conftest import Client
from tests.integration.local_github.receiver import Receiver


@pytest.fixture
def fork(github: LocalGitHub, clone: Clone, tmp_path: Path) -> Clone:
    """A stranger's clone, with a commit that was never pushed here."""
    clone.commit({"dags/a.py": "1"})
    clone.push()
    fork = Clone.of(github.git_url, tmp_path / "fork")
    fork.commit({"dags/evil.py": "1"})
    return fork


def test_fork_s_pull_request_is_told_and_its_head_can_be_read(
    github: LocalGitHub, fork: Clone, installation: Client, receiver: Receiver
) -> None:
    sha = fork.git("rev-parse", "HEAD")
    assert installation.call("GET", f"git/commits/{sha}").status == 404
    wanted = {"from": str(fork.folder), "revision": "main", "fork": "stranger/dags"}
    assert github.tell("POST", "/pull_request", wanted)["number"] == 1
    [received] = receiver.wait(1, "pull_request")
    published.check_payload("pull_request", received.payload)
    pull = received.payload["pull_request"]
    assert (received.payload["action"], pull["head"]["sha"]) == ("opened", sha)
    assert pull["head"]["repo"]["full_name"] == "stranger/dags"
    assert pull["head"]["repo"]["id"] != pull["base"]["repo"]["id"] == identity.REPOSITORY_ID
    assert installation.get("pulls/1")["head"]["sha"] == sha
    assert installation.get("git/ref/pull/1/head")["object"]["sha"] == sha
    assert installation.get(f"git/commits/{sha}")["sha"] == sha
    assert receiver.of("push") == []


def test_moved_pull_request_is_told_with_where_it_was(
    github: LocalGitHub, fork: Clone, installation: Client, receiver: Receiver
) -> None:
    wanted = {"from": str(fork.folder), "revision": "main", "fork": "stranger/dags"}
    first = github.tell("POST", "/pull_request", wanted)["head_sha"]
    receiver.wait(1, "pull_request")
    second = fork.commit({"dags/evil.py": "2"})
    github.tell("POST", "/pull_request", {"from": str(fork.folder), "revision": "main", "number": 1})
    payload = receiver.wait(2, "pull_request")[1].payload
    published.check_payload("pull_request", payload)
    assert (payload["action"], payload["before"], payload["after"]) == ("synchronize", first, second)
    assert payload["pull_request"]["head"]["repo"]["fork"] is True
    assert installation.get("pulls/1")["head"]["sha"] == second


def test_pull_request_of_a_branch_is_from_this_repository(github: LocalGitHub, fork: Clone, receiver: Receiver) -> None:
    github.tell("POST", "/pull_request", {"from": str(fork.folder), "revision": "main", "action": "reopened"})
    [received] = receiver.wait(1, "pull_request")
    published.check_payload("pull_request", received.payload)
    assert received.payload["pull_request"]["head"]["repo"]["id"] == identity.REPOSITORY_ID


def test_pull_request_that_cannot_be_is_refused(github: LocalGitHub, fork: Clone) -> None:
    place = {"from": str(fork.folder), "revision": "main"}
    for wanted, message in (
        ({**place, "revision": "nothing"}, "git fetch failed"),
        ({**place, "number": 7}, "no pull request 7"),
        ({**place, "action": "closed"}, "opened"),
        ({"from": str(layout.ROOT)}, "revision is missing"),
    ):
        with pytest.raises(LocalGitHubError, match=message):
            github.tell("POST", "/pull_request", wanted)
