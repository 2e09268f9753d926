"""Every fault that can be asked for."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.github.running import LocalGitHub, LocalGitHubError
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.conftest import Client
from tests.integration.local_github.receiver import Receiver


@pytest.fixture
def sha(clone: Clone) -> str:
    """A pushed commit with five entries in its tree."""
    sha = clone.commit({f"{number}.py": str(number) for number in range(5)})
    clone.push()
    return sha


def test_calls_that_match_get_the_status_and_headers_asked_for(person: Client, sha: str) -> None:
    fault = {"count": 2, "status": 429, "headers": {"retry-after": "7"}, "call": "GET .*/branches/"}
    person.github.tell("PUT", "/faults", {"api": [fault]})
    assert person.call("GET", "git/ref/heads/main").status == 200
    for _ in range(2):
        reply = person.call("GET", "branches/main")
        assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert person.call("GET", "branches/main").status == 200


def test_slow_api_answers_late(person: Client, sha: str) -> None:
    person.github.tell("PUT", "/faults", {"api_delay_seconds": 3})
    with ThreadPoolExecutor() as threads:
        call = threads.submit(person.call, "GET", "branches/main")
        for _ in range(100):
            person.github.tell("GET", "/state")  # is not delayed: a hundred of these take less than one of those
        assert not call.done()
        assert call.result().status == 200


def test_late_webhook_comes_after_the_push_is_over(github: LocalGitHub, clone: Clone, receiver: Receiver) -> None:
    github.tell("PUT", "/faults", {"webhook_delay_seconds": 1.5})
    sha = clone.commit({"a": "1"})
    clone.push()
    assert receiver.of("push") == []
    assert receiver.wait(1)[0].payload["after"] == sha


def test_connection_can_end_without_an_answer(person: Client, sha: str) -> None:
    person.github.tell("PUT", "/faults", {"api": [{"count": 1, "status": 0}]})
    with pytest.raises(OSError, match=r"closed|reset|Remote"):
        person.call("GET", "branches/main")
    assert person.call("GET", "branches/main").status == 200


def test_exhausted_rate_limit_says_until_when(person: Client, sha: str) -> None:
    person.github.tell("PUT", "/faults", {"rate_limit_remaining": 1})
    assert person.call("GET", "branches/main").headers["x-ratelimit-remaining"] == "0"
    reply = person.call("GET", "branches/main")
    assert (reply.status, reply.headers["x-ratelimit-remaining"]) == (403, "0")
    assert reply.body["message"].startswith("API rate limit exceeded")
    assert int(reply.headers["x-ratelimit-reset"]) == person.get("/rate_limit")["rate"]["reset"]


def test_too_many_calls_of_one_endpoint_in_a_minute_are_refused_until_it_is_over(person: Client, sha: str) -> None:
    """A GET is one point, a change five; other endpoints have their own."""
    person.github.tell("PUT", "/faults", {"points_per_minute": 9})
    assert [person.call("GET", "branches/main").status for _ in range(10)] == [200] * 9 + [403]
    reply = person.call("GET", "branches/other")
    assert (reply.status, 0 < int(reply.headers["retry-after"]) <= 60) == (403, True)
    assert "secondary rate limit" in reply.body["message"]
    said = [person.call("POST", f"statuses/{sha}", {"state": "success"}).status for _ in range(2)]
    assert said == [201, 403]
    person.github.tell("PUT", "/faults", {"points_per_minute": None})
    assert person.call("GET", "branches/main").status == 200


def test_900_points_a_minute_are_allowed_unless_said_otherwise(person: Client, sha: str) -> None:
    """What a tree fetched blob by blob meets on GitHub."""
    statuses = [person.github.api("", person.credential).status for _ in range(901)]
    assert statuses == [200] * 900 + [403]


def test_corrupt_blob_has_another_sha_once(clone: Clone, person: Client, sha: str) -> None:
    blob = clone.git("rev-parse", "HEAD:1.py")
    person.github.tell("PUT", "/faults", {"corrupt_blobs": 1})
    found = [base64.b64decode(person.get(f"git/blobs/{blob}")["content"]) for _ in range(2)]
    shas = [hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() for content in found]
    assert (shas[0] != blob, shas[1]) == (True, blob)


def test_truncated_tree_says_so(person: Client, sha: str) -> None:
    for most, truncated, entries in ((3, True, 3), (5, False, 5), (None, False, 5)):
        person.github.tell("PUT", "/faults", {"truncate_trees_at": most})
        tree = person.get(f"git/trees/{sha}?recursive=1")
        assert (tree["truncated"], len(tree["tree"])) == (truncated, entries)


def test_faults_end_when_others_are_asked_for(person: Client, sha: str) -> None:
    person.github.tell("PUT", "/faults", {"api": [{"count": 9, "status": 500}], "corrupt_blobs": 1})
    person.github.tell("PUT", "/faults", {})
    assert person.call("GET", "branches/main").status == 200


@pytest.mark.parametrize(
    "wanted", [{"earthquake": 1}, {"api": [{"status": 500}]}, {"api": [{"count": 1, "status": 1, "call": "("}]}]
)
def test_unknown_fault_is_refused(github: LocalGitHub, wanted: dict[str, object]) -> None:
    """A test with a misspelt fault would pass for nothing."""
    with pytest.raises(LocalGitHubError, match="fault"):
        github.tell("PUT", "/faults", wanted)


def test_unknown_command_says_which_there_are(github: LocalGitHub) -> None:
    with pytest.raises(LocalGitHubError, match="PUT hook"):
        github.tell("POST", "/hooks", {})
    with pytest.raises(LocalGitHubError, match="secret is missing"):
        github.tell("PUT", "/hook", {"url": "http://127.0.0.1:9"})
