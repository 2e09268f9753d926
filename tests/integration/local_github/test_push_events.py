"""What webhooks are told of pushes: each payload is held to GitHub's published schema."""

from typing import Any

import pytest

from local.github import identity
from local.github.pushes import RefUpdate
from tests.integration.local_github import published
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.receiver import Receiver

NO_SHA = "0" * 40


def hear(clone: Clone, receiver: Receiver, *arguments: str, events: int = 1) -> list[dict[str, Any]]:
    """Push; the payloads of the `events` that come of it, by ref, each one valid."""
    earlier = len(receiver.of("push"))
    clone.push(*arguments)
    payloads = [each.payload for each in receiver.wait(earlier + events)[earlier:]]
    for payload in payloads:
        published.check_payload("push", payload)
        assert payload["repository"]["id"] == identity.REPOSITORY_ID
        assert payload["installation"]["id"] == identity.INSTALLATION_ID
    return sorted(payloads, key=lambda payload: str(payload["ref"]))


def flags(payload: dict[str, Any]) -> tuple[bool, bool, bool]:
    return payload["created"], payload["deleted"], payload["forced"]


def test_new_branch_is_told_with_its_commits(clone: Clone, receiver: Receiver) -> None:
    first, second = clone.commit({"a": "1"}, "One\n\nwith a body"), clone.commit({"b/c": "2"}, "Two")
    [payload] = hear(clone, receiver)
    assert (payload["ref"], payload["before"], payload["after"]) == ("refs/heads/main", NO_SHA, second)
    assert flags(payload) == (True, False, False)
    assert [each["id"] for each in payload["commits"]] == [first, second]
    assert payload["commits"][0]["message"] == "One\n\nwith a body"
    assert payload["head_commit"] == payload["commits"][1]
    assert payload["head_commit"]["added"] == ["b/c"]


def test_ordinary_push_is_told_with_what_each_commit_changed(clone: Clone, receiver: Receiver) -> None:
    before = clone.commit({"kept": "1", "gone": "1"})
    hear(clone, receiver)
    first = clone.commit({"kept": "2", "gone": None, "new": "1"})
    second = clone.commit({"renamed": "1", "new": None})
    [payload] = hear(clone, receiver)
    assert (payload["before"], payload["after"]) == (before, second)
    assert flags(payload) == (False, False, False)
    changes = [(each["id"], each["added"], each["removed"], each["modified"]) for each in payload["commits"]]
    assert changes == [(first, ["new"], ["gone"], ["kept"]), (second, ["renamed"], ["new"], [])]
    assert all(each["distinct"] for each in payload["commits"])
    assert payload["compare"].endswith(f"/compare/{before[:12]}...{second[:12]}")


def test_forced_push_is_told_as_forced(clone: Clone, receiver: Receiver) -> None:
    before = clone.commit({"a": "1"})
    hear(clone, receiver)
    clone.git("commit", "--quiet", "--amend", "--message", "another")
    after = clone.git("rev-parse", "HEAD")
    [payload] = hear(clone, receiver, "--force", "main")
    assert (payload["before"], payload["after"]) == (before, after)
    assert flags(payload) == (False, False, True)
    assert [each["id"] for each in payload["commits"]] == [after]


def test_going_back_is_forced_and_has_no_commits(clone: Clone, receiver: Receiver) -> None:
    first = clone.commit({"a": "1"})
    clone.commit({"a": "2"})
    hear(clone, receiver)
    clone.git("reset", "--quiet", "--hard", first)
    [payload] = hear(clone, receiver, "--force", "main")
    assert (flags(payload), payload["commits"]) == ((False, False, True), [])
    assert payload["head_commit"]["id"] == first


def test_forcing_without_need_is_not_forced(clone: Clone, receiver: Receiver) -> None:
    """It is computed from the history, not from git's option."""
    clone.commit({"a": "1"})
    hear(clone, receiver)
    clone.commit({"a": "2"})
    assert flags(hear(clone, receiver, "--force", "main")[0]) == (False, False, False)


def test_deleted_branch_is_told_without_commits(clone: Clone, receiver: Receiver) -> None:
    sha = clone.commit({"a": "1"})
    hear(clone, receiver, "main", "main:feature/x", events=2)
    [payload] = hear(clone, receiver, ":feature/x")
    assert (payload["ref"], payload["before"], payload["after"]) == ("refs/heads/feature/x", sha, NO_SHA)
    assert flags(payload) == (False, True, False)
    assert (payload["commits"], payload["head_commit"], payload["base_ref"]) == ([], None, None)


def test_new_branch_on_a_known_commit_has_a_base_and_no_commits(clone: Clone, receiver: Receiver) -> None:
    sha = clone.commit({"a": "1"})
    hear(clone, receiver)
    [payload] = hear(clone, receiver, "main:refs/heads/feature")
    assert (flags(payload), payload["commits"]) == ((True, False, False), [])
    assert (payload["base_ref"], payload["head_commit"]["id"]) == ("refs/heads/main", sha)
    assert payload["compare"].endswith("/compare/feature")


def test_commit_known_from_another_branch_is_not_distinct(clone: Clone, receiver: Receiver) -> None:
    clone.commit({"a": "1"})
    hear(clone, receiver, "main", "main:feature", events=2)
    clone.commit({"a": "2"})
    [first] = hear(clone, receiver, "main:feature")
    assert [each["distinct"] for each in first["commits"]] == [True]
    [payload] = hear(clone, receiver)
    assert [each["distinct"] for each in payload["commits"]] == [False]


def test_merge_is_told_with_the_commits_that_it_brings(clone: Clone, receiver: Receiver) -> None:
    clone.commit({"a": "1"})
    hear(clone, receiver)
    clone.git("switch", "--quiet", "--create", "side")
    side = clone.commit({"side": "1"})
    clone.git("switch", "--quiet", "main")
    main = clone.commit({"b": "1"})
    clone.git("merge", "--quiet", "--no-edit", "side")
    [payload] = hear(clone, receiver)
    assert {each["id"] for each in payload["commits"][:2]} == {side, main}
    merge = payload["commits"][2]
    assert (merge["id"], merge["added"]) == (payload["after"], ["side"])


@pytest.mark.parametrize("annotated", [False, True])
def test_tag_is_told_as_created_and_deleted(clone: Clone, receiver: Receiver, annotated: bool) -> None:
    sha = clone.commit({"a": "1"})
    hear(clone, receiver)
    clone.git("tag", *(["--annotate", "--message", "v"] if annotated else []), "v1")
    [made], [deleted] = hear(clone, receiver, "v1"), hear(clone, receiver, ":v1")
    assert (made["ref"], flags(made), flags(deleted)) == ("refs/tags/v1", (True, False, False), (False, True, False))
    assert (made["after"] == sha) is not annotated
    assert (made["head_commit"]["id"], made["commits"]) == (sha, [])
    assert deleted["head_commit"] is None


def test_three_tags_at_once_are_told_and_four_are_not(clone: Clone, receiver: Receiver) -> None:
    clone.commit({"a": "1"})
    for number in range(7):
        clone.git("tag", f"v{number}")
    four = hear(clone, receiver, "main", "v0", "v1", "v2", "v3")
    three = hear(clone, receiver, "v4", "v5", "v6", events=3)
    assert [payload["ref"] for payload in four] == ["refs/heads/main"]
    assert [payload["ref"] for payload in three] == ["refs/tags/v4", "refs/tags/v5", "refs/tags/v6"]


def history(commits: int, message_bytes: int = 10) -> bytes:
    """A stream for `git fast-import` of that many commits on main."""
    lines = []
    for number in range(commits):
        message = str(number).rjust(message_bytes)
        lines.append(f"commit refs/heads/main\ncommitter Ada <ada@example.com> {1_700_000_000 + number} +0000")
        lines.append(f"data {len(message)}\n{message}\nM 644 inline f\ndata {len(str(number))}\n{number}\n")
    return "\n".join(lines).encode()


def test_long_push_is_told_with_its_newest_2048_commits(clone: Clone, receiver: Receiver) -> None:
    clone.git("fast-import", "--quiet", stdin=history(2100))
    [payload] = hear(clone, receiver)
    assert len(payload["commits"]) == 2048
    assert payload["commits"][-1]["id"] == payload["after"]
    assert payload["commits"][-1]["message"].strip() == "2099"


def test_push_of_more_than_25_megabytes_is_not_told(clone: Clone, receiver: Receiver) -> None:
    clone.git("fast-import", "--quiet", stdin=history(2048, message_bytes=13_000))
    clone.push()
    clone.git("reset", "--quiet", "--hard")
    sha = clone.commit({"g": "1"})
    assert [payload["after"] for payload in hear(clone, receiver)] == [sha]


def test_commit_of_many_files_is_told_with_3000(clone: Clone, receiver: Receiver) -> None:
    clone.commit({f"{number:04d}": "x" for number in range(3200)})
    assert len(hear(clone, receiver)[0]["head_commit"]["added"]) == 3000


def test_ref_update_of_all_zeros_is_creation_or_deletion() -> None:
    made, gone = RefUpdate(NO_SHA, "a" * 40, "refs/heads/x"), RefUpdate("a" * 40, NO_SHA, "refs/heads/x")
    assert (made.created, made.deleted, gone.created, gone.deleted) == (True, False, False, True)
