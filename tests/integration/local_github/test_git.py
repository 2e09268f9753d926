"""git over HTTP: what a developer's git may do."""

import base64
import os
import socket
import subprocess
from pathlib import Path

import pytest

from local.github.running import LocalGitHub
from tests.integration.local_github.clone import ENVIRONMENT, Clone, RefusedError
from tests.integration.local_github.conftest import Client
from tests.integration.local_github.receiver import Receiver


def test_pushed_files_come_back_in_another_clone(github: LocalGitHub, clone: Clone, tmp_path: Path) -> None:
    sha = clone.commit({"dags/a.py": "1\n", "dags/sub/b.py": "2\n"})
    clone.push()
    other = Clone.of(github.git_url, tmp_path / "other")
    assert other.git("rev-parse", "HEAD") == sha
    assert (other.folder / "dags/sub/b.py").read_text() == "2\n"
    second = clone.commit({"dags/a.py": "3\n"})
    clone.push()
    other.git("fetch", "--quiet")
    assert other.git("rev-parse", "origin/main") == second


def test_large_blob_arrives_whole(github: LocalGitHub, clone: Clone, person: Client, receiver: Receiver) -> None:
    """More than git sends in one piece: the request has no length then."""
    content = os.urandom(5_000_000)
    (clone.folder / "large.bin").write_bytes(content)
    clone.commit({})
    clone.push()
    receiver.wait(1)
    blob = person.get(f"git/blobs/{clone.git('rev-parse', 'HEAD:large.bin')}")
    assert base64.b64decode(blob["content"]) == content
    assert blob["size"] == len(content)


def test_default_branch_is_not_deleted_until_another_one_is(
    github: LocalGitHub, clone: Clone, receiver: Receiver
) -> None:
    clone.commit({"a": "1"})
    clone.push("main", "main:other")
    with pytest.raises(RefusedError, match="deletion of the current branch prohibited"):
        clone.push(":main")
    receiver.wait(2)
    github.tell("PUT", "/repository", {"default_branch": "other"})
    clone.push(":main")
    [deletion] = [each.payload for each in receiver.wait(3) if each.payload["deleted"]]
    assert (deletion["ref"], deletion["repository"]["default_branch"]) == ("refs/heads/main", "other")


def test_refs_of_pull_requests_are_not_pushed(clone: Clone) -> None:
    clone.commit({"a": "1"})
    with pytest.raises(RefusedError, match="hidden ref"):
        clone.push("main:refs/pull/1/head")


def test_other_repository_is_not_found(github: LocalGitHub, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="not found"):
        Clone.of(f"{github.url}/somebody/else.git", tmp_path / "else")


def test_commit_that_a_forced_push_left_behind_can_still_be_read(clone: Clone, person: Client) -> None:
    left = clone.commit({"a": "1"})
    clone.push()
    clone.git("commit", "--quiet", "--amend", "--message", "another")
    clone.push("--force", "main")
    assert person.get(f"git/commits/{left}")["sha"] == left


def race(clones: list[Clone], refspec: str) -> list[int]:
    """Push from all at once; git's exit codes."""
    command = ["git", "push", "--quiet", "origin", refspec]
    pushes = [
        subprocess.Popen(
            command, cwd=each.folder, env=ENVIRONMENT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for each in clones
    ]
    return [push.wait() for push in pushes]


@pytest.fixture
def two_clones(github: LocalGitHub, clone: Clone, receiver: Receiver, tmp_path: Path) -> list[Clone]:
    """Each with a commit of its own after a common one."""
    clone.commit({"a": "1"})
    clone.push()
    receiver.wait(1)
    clones = [clone, Clone.of(github.git_url, tmp_path / "other")]
    for number, each in enumerate(clones):
        each.commit({f"file-{number}": str(number)})
    return clones


def test_two_pushes_racing_for_a_branch_one_wins_and_is_told(
    two_clones: list[Clone], receiver: Receiver, person: Client
) -> None:
    heads = [each.git("rev-parse", "HEAD") for each in two_clones]
    codes = race(two_clones, "main")
    assert codes.count(0) == 1
    winner = heads[codes.index(0)]
    assert receiver.wait(2)[1].payload["after"] == winner
    assert person.get("git/ref/heads/main")["object"]["sha"] == winner


def test_two_forced_pushes_racing_leave_the_head_that_the_last_event_chains_to(
    two_clones: list[Clone], receiver: Receiver, person: Client
) -> None:
    """Whichever order the events come in, each begins where another ended."""
    codes = race(two_clones, "+main")
    events = [each.payload for each in receiver.wait(1 + codes.count(0))[1:]]
    head = person.get("git/ref/heads/main")["object"]["sha"]
    before_of = {event["after"]: event["before"] for event in events}
    assert head in before_of
    if len(events) == 2:
        assert before_of[head] in before_of


def test_push_that_breaks_off_changes_nothing_and_is_not_told(
    github: LocalGitHub, clone: Clone, receiver: Receiver, person: Client
) -> None:
    address = github.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1]))) as connection:
        request = (
            "POST /farflow/dags.git/git-receive-pack HTTP/1.1\r\nHost: local\r\nTransfer-Encoding: chunked\r\n"
            f"Content-Type: application/x-git-receive-pack-request\r\n\r\n80\r\n0094{'0' * 40} {'1' * 40} refs/heads/main"
        )
        connection.sendall(request.encode())
    sha = clone.commit({"a": "1"})
    clone.push()
    assert [each.payload["after"] for each in receiver.wait(1)] == [sha]


def test_pusher_is_whom_git_s_credentials_name(clone: Clone, receiver: Receiver) -> None:
    """Nobody is asked for any; with none it is a developer."""
    clone.commit({"a": "1"})
    clone.push()
    receiver.wait(1)
    credentials = base64.b64encode(b"grace:anything").decode()
    clone.git("-c", f"http.extraHeader=Authorization: Basic {credentials}", "push", "--quiet", "origin", "main:other")
    assert [each.payload["pusher"]["name"] for each in receiver.wait(2)] == ["developer", "grace"]
