"""What the API tells of the repository; every answer is held to GitHub's published description."""

import base64
import hashlib
from pathlib import Path

import pytest

from local.github import identity
from local.github.running import LocalGitHub
from tests.integration.local_github import published
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.conftest import Client

OTHER_COMMIT = "1" * 40


@pytest.fixture
def pushed(clone: Clone) -> str:
    """A commit on main with every kind of entry."""
    (clone.folder / "run.sh").write_text("#!/bin/sh\n")
    (clone.folder / "run.sh").chmod(0o755)
    (clone.folder / "link").symlink_to("/etc/passwd")
    clone.commit({"dags/a.py": "print('a')\n", "dags/naïve name.py": "é\n"}, "One")
    clone.git("update-index", "--add", "--cacheinfo", f"160000,{OTHER_COMMIT},vendored")
    clone.git("commit", "--quiet", "--message", "Two\n\nwith a submodule")
    clone.push()
    return clone.git("rev-parse", "HEAD")


def test_repository_is_the_same_by_name_and_by_id(pushed: str, person: Client) -> None:
    by_name = person.get("")
    assert by_name == person.get(f"/repositories/{identity.REPOSITORY_ID}") == person.get("/repos/FARFLOW/Dags")
    assert (by_name["private"], by_name["default_branch"]) == (True, "main")
    ref = person.get(f"/repositories/{identity.REPOSITORY_ID}/git/ref/heads/main")
    assert ref["object"]["sha"] == pushed


def test_commit_names_its_tree_and_parents(clone: Clone, pushed: str, person: Client) -> None:
    commit = person.get(f"git/commits/{pushed}")
    assert commit["tree"]["sha"] == clone.git("rev-parse", "HEAD^{tree}")
    assert [parent["sha"] for parent in commit["parents"]] == [clone.git("rev-parse", "HEAD~1")]
    assert commit["message"] == "Two\n\nwith a submodule"
    assert commit["author"]["date"].endswith("Z")


def test_commit_is_found_by_branch_and_by_sha(pushed: str, person: Client) -> None:
    for name in ("main", "heads/main", pushed, pushed[:8]):
        assert person.get(f"commits/{name}")["sha"] == pushed


def test_branch_has_its_head_also_with_a_slash_in_its_name(clone: Clone, pushed: str, person: Client) -> None:
    clone.push("main:feature/x")
    assert person.get("branches/feature/x")["commit"]["sha"] == pushed
    assert person.get("branches/feature%2Fx")["name"] == "feature/x"
    assert person.get("git/ref/heads/feature/x")["ref"] == "refs/heads/feature/x"


def test_tree_has_links_and_submodules_as_they_are(pushed: str, person: Client) -> None:
    """Nothing is followed: a link's content is its target, a submodule has none."""
    tree = person.get("git/trees/main?recursive=1")
    entries = {entry["path"]: entry for entry in tree["tree"]}
    kinds = {path: (entry["mode"], entry["type"]) for path, entry in entries.items()}
    assert kinds == {
        "dags": ("040000", "tree"),
        "dags/a.py": ("100644", "blob"),
        "dags/naïve name.py": ("100644", "blob"),
        "link": ("120000", "blob"),
        "run.sh": ("100755", "blob"),
        "vendored": ("160000", "commit"),
    }
    assert tree["truncated"] is False
    assert entries["vendored"] == {"path": "vendored", "mode": "160000", "type": "commit", "sha": OTHER_COMMIT}
    blob = person.get(f"git/blobs/{entries['link']['sha']}")
    assert base64.b64decode(blob["content"]) == b"/etc/passwd"
    assert entries["dags/a.py"]["size"] == 11


def test_tree_without_recursion_has_one_level(pushed: str, person: Client) -> None:
    top = person.get(f"git/trees/{pushed}")
    assert [entry["path"] for entry in top["tree"]] == ["dags", "link", "run.sh", "vendored"]
    below = person.get(f"git/trees/{top['tree'][0]['sha']}")
    assert [entry["path"] for entry in below["tree"]] == ["a.py", "naïve name.py"]


def test_blob_s_content_has_the_sha_that_names_it(clone: Clone, pushed: str, person: Client) -> None:
    sha = clone.git("rev-parse", "HEAD:dags/a.py")
    content = base64.b64decode(person.get(f"git/blobs/{sha}")["content"])
    assert hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() == sha
    raw = person.github.api(
        f"git/blobs/{sha}", person.credential, headers={"Accept": "application/vnd.github.raw+json"}
    )
    assert raw.content == content


def test_empty_blob_is_empty(clone: Clone, person: Client) -> None:
    clone.commit({"empty": ""})
    clone.push()
    blob = person.get(f"git/blobs/{clone.git('rev-parse', 'HEAD:empty')}")
    assert (blob["content"], blob["size"]) == ("", 0)


ABSENT = [
    (f"git/commits/{OTHER_COMMIT}", 404),
    ("git/commits/main", 404),
    (f"git/blobs/{OTHER_COMMIT}", 404),
    (f"git/trees/{OTHER_COMMIT}", 404),
    ("git/ref/heads/mai", 404),
    ("git/ref/heads/other", 404),
    ("branches/other", 404),
    ("commits/other", 422),
    ("commits/main~1", 422),
    ("commits/--all", 422),
    ("commits/other/check-runs", 422),
    ("pulls/1", 404),
    ("check-runs/1", 404),
]


def test_what_is_not_there_is_not_found(pushed: str, installation: Client) -> None:
    assert [(path, installation.call("GET", path).status) for path, _ in ABSENT] == ABSENT


def test_blob_is_no_commit(clone: Clone, pushed: str, person: Client) -> None:
    blob = clone.git("rev-parse", "HEAD:dags/a.py")
    assert person.call("GET", f"git/commits/{blob}").status == 404
    assert person.call("GET", f"git/blobs/{pushed}").status == 404


def test_empty_repository_is_a_conflict(person: Client) -> None:
    for path in ("git/ref/heads/main", f"git/commits/{OTHER_COMMIT}", f"git/trees/{OTHER_COMMIT}"):
        assert person.call("GET", path).status == 409


def test_nobody_and_strangers_learn_nothing(github: LocalGitHub, pushed: str) -> None:
    """A private repository is not found without credentials, and wrong ones are refused."""
    for path in ("git/ref/heads/main", "git/trees/main", "branches/main", "commits/main"):
        nobody = Client(github, None).call("GET", path)
        assert (nobody.status, nobody.body["message"]) == (404, "Not Found")
        stranger = Client(github, "ghp_wrong").call("GET", path)
        assert (stranger.status, stranger.body["message"]) == (401, "Bad credentials")


def test_other_repositories_are_not_found(person: Client) -> None:
    for path in ("/repos/farflow/other", "/repositories/1/branches/main", "/repos/other/dags"):
        assert person.call("GET", path).status == 404


def test_call_without_a_user_agent_is_refused(github: LocalGitHub) -> None:
    """Which Python's http.client is, unless told otherwise."""
    reply = github.api("", headers={"User-Agent": ""})
    assert (reply.status, "User-Agent" in reply.body["message"]) == (403, True)


def test_every_answer_says_what_is_left_of_the_rate_limit(person: Client, pushed: str) -> None:
    first = person.call("GET", "branches/main").headers
    second = person.call("GET", "branches/other").headers
    assert int(second["x-ratelimit-remaining"]) == int(first["x-ratelimit-remaining"]) - 1
    limits = person.get("/rate_limit")["resources"]["core"]
    assert limits["remaining"] == int(second["x-ratelimit-remaining"])
    assert limits["reset"] == int(second["x-ratelimit-reset"])


def test_calls_are_listed_without_their_credentials(person: Client, pushed: str) -> None:
    person.get("git/ref/heads/main")
    Client(person.github, None).call("GET", "branches/main")
    calls = person.github.tell("GET", "/requests")
    host = person.github.url.removeprefix("http://")
    assert calls == [
        {
            "method": "GET",
            "path": "/repos/farflow/dags/git/ref/heads/main",
            "host": host,
            "authorization": "token",
            "status": 200,
        },
        {
            "method": "GET",
            "path": "/repos/farflow/dags/branches/main",
            "host": host,
            "authorization": "none",
            "status": 404,
        },
    ]
    assert str(person.credential) not in str(calls)


def test_schema_of_the_answers_can_fail() -> None:
    """Else none of the above would mean anything."""
    with pytest.raises(AssertionError, match="'truncated' is a required property"):
        published.check_answer("GET", "/repos/o/r/git/trees/x", 200, {"sha": "x", "tree": []})
    with pytest.raises(AssertionError, match="required property"):
        published.check_payload("push", {"ref": "refs/heads/main"})
    with pytest.raises(AssertionError, match="GitHub has no"):
        published.check_answer("GET", "/repos/o/r/nothing", 200, {})


def test_state_is_written_where_it_was_asked_for(github: LocalGitHub, tmp_path: Path) -> None:
    assert {path.name for path in (tmp_path / "github").iterdir()} >= {"github.sqlite3", "repositories", "url"}


def test_tree_of_more_than_seven_megabytes_is_truncated(clone: Clone, person: Client) -> None:
    clone.commit({"a": "1"})
    blob = clone.git("rev-parse", "HEAD:a")
    lines = "".join(f"100644 blob {blob}\tdag-{number:06d}.py\n" for number in range(40_000))
    tree = clone.git("mktree", stdin=lines.encode())
    commit = clone.git("commit-tree", "-m", "many", tree)
    clone.push(f"{commit}:refs/heads/many")
    found = person.get(f"git/trees/{tree}?recursive=1")
    assert found["truncated"] is True
    assert 20_000 < len(found["tree"]) < 40_000
