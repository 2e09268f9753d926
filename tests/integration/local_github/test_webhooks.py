"""Deliveries: signed as GitHub signs, never repeated by themselves, kept, and sent again on demand."""

import hashlib
import hmac
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from local.github import identity
from local.github.running import LocalGitHub
from tests import waiting
from tests.integration.local_github import published
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.conftest import SECRET, Client
from tests.integration.local_github.receiver import Receiver

eventually = partial(waiting.eventually, pause_seconds=0.02)


def deliveries(github: LocalGitHub, count: int, event: str = "push") -> list[dict[str, Any]]:
    """The hook's deliveries of an event, the newest first, once there are so many."""

    def find() -> list[dict[str, Any]]:
        found = [each for each in github.tell("GET", "/deliveries") if each["event"] == event]
        return found if len(found) >= count else []

    found: list[dict[str, Any]] = eventually(find, 15, f"{count} deliveries of {event}")
    assert len(found) == count
    return found


def signature(secret: str, body: bytes) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def test_event_is_signed_and_says_what_it_is(clone: Clone, receiver: Receiver) -> None:
    clone.commit({"a": "1"})
    clone.push()
    [received] = receiver.wait(1)
    assert received.headers["x-hub-signature-256"] == signature(SECRET, received.body)
    sha1 = hmac.new(SECRET.encode(), received.body, hashlib.sha1).hexdigest()
    assert received.headers["x-hub-signature"] == f"sha1={sha1}"
    assert uuid.UUID(received.guid)
    assert received.headers["x-github-hook-id"] == str(identity.HOOK_ID)
    assert received.headers["x-github-hook-installation-target-type"] == "integration"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("GitHub-Hookshot/")


@pytest.mark.parametrize("kind", ["App", "Repository"])
def test_setting_a_hook_sends_a_ping(github: LocalGitHub, receiver: Receiver, kind: str) -> None:
    github.tell("PUT", "/hook", {"url": receiver.url, "secret": SECRET, "type": kind})
    payloads = [each.payload for each in receiver.wait(2, "ping")]
    published.check_payload("ping", payloads[1])
    assert payloads[1]["hook"]["type"] == kind
    assert SECRET not in str(payloads)


def test_hook_gets_only_the_events_that_it_wants(github: LocalGitHub, clone: Clone, receiver: Receiver) -> None:
    github.tell("PUT", "/hook", {"url": receiver.url, "secret": SECRET, "events": ["pull_request"]})
    sha = clone.commit({"a": "1"})
    clone.push()
    github.tell("POST", "/pull_request", {"from": str(clone.folder), "revision": "main"})
    assert receiver.wait(1, "pull_request")[0].payload["pull_request"]["head"]["sha"] == sha
    assert receiver.of("push") == []


def test_hook_of_a_repository_does_not_speak_of_an_installation(
    github: LocalGitHub, clone: Clone, receiver: Receiver
) -> None:
    github.tell("PUT", "/hook", {"url": receiver.url, "secret": SECRET, "type": "Repository"})
    clone.commit({"a": "1"})
    clone.push()
    [received] = receiver.wait(1)
    assert "installation" not in received.payload
    assert received.headers["x-github-hook-installation-target-type"] == "repository"


def test_lost_event_leaves_no_trace(github: LocalGitHub, clone: Clone, receiver: Receiver) -> None:
    github.tell("PUT", "/faults", {"lose_webhooks": 1})
    clone.commit({"a": "1"})
    clone.push()
    second = clone.commit({"a": "2"})
    clone.push()
    assert receiver.wait(1)[0].payload["after"] == second
    assert len(deliveries(github, 1)) == 1


def test_failed_delivery_is_not_repeated_and_can_be_sent_again_under_its_guid(
    github: LocalGitHub, clone: Clone, receiver: Receiver, app: Client
) -> None:
    github.tell("PUT", "/faults", {"fail_webhooks": 1})
    clone.commit({"a": "1"})
    clone.push()
    [failed] = deliveries(github, 1)
    assert (failed["status_code"], failed["status"]) == (502, "failed to connect to host")
    listed = [each for each in app.get("/app/hook/deliveries") if each["event"] == "push"]
    assert [each["id"] for each in listed] == [failed["id"]]
    assert receiver.of("push") == []

    assert app.send("POST", f"/app/hook/deliveries/{failed['id']}/attempts", {}) == {}
    [received] = receiver.wait(1)
    assert received.guid == failed["guid"]
    assert received.headers["x-hub-signature-256"] == signature(SECRET, received.body)
    again, first = deliveries(github, 2)
    assert (again["guid"], again["redelivery"], again["status"]) == (failed["guid"], True, "OK")
    assert (first["redelivery"], again["id"] > first["id"]) == (False, True)
    detail = app.get(f"/app/hook/deliveries/{again['id']}")
    assert detail["request"]["payload"] == received.payload
    assert detail["request"]["headers"]["X-GitHub-Delivery"] == received.guid
    assert detail["response"]["payload"] == "taken"


def test_redelivery_is_signed_with_the_secret_of_now(github: LocalGitHub, clone: Clone, receiver: Receiver) -> None:
    clone.commit({"a": "1"})
    clone.push()
    [delivery] = deliveries(github, 1)
    github.tell("PUT", "/hook", {"url": receiver.url, "secret": "rotated"})
    github.tell("POST", "/redeliver", {"id": delivery["id"]})
    first, again = receiver.wait(2)
    assert again.body == first.body
    assert again.headers["x-hub-signature-256"] == signature("rotated", again.body)


def test_redeliver_without_an_id_sends_what_did_not_arrive(
    github: LocalGitHub, clone: Clone, receiver: Receiver
) -> None:
    clone.commit({"a": "1"})
    clone.push()
    deliveries(github, 1)
    github.tell("PUT", "/faults", {"fail_webhooks": 1})
    sha = clone.commit({"a": "2"})
    clone.push()
    [failed, _] = deliveries(github, 2)
    assert github.tell("POST", "/redeliver", {}) == {"redelivered": [failed["id"]]}
    assert receiver.wait(2)[1].payload["after"] == sha
    deliveries(github, 3)
    assert github.tell("POST", "/redeliver", {}) == {"redelivered": []}


def closed_door(receiver: Receiver) -> dict[str, Any]:
    return {"url": "http://127.0.0.1:9/nobody"}


def slow(receiver: Receiver) -> dict[str, Any]:
    receiver.gate.clear()
    return {"url": receiver.url}


def failing(receiver: Receiver) -> dict[str, Any]:
    receiver.status = 500
    return {"url": receiver.url}


def redirecting(receiver: Receiver) -> dict[str, Any]:
    receiver.status, receiver.answer_headers = 307, {"Location": receiver.url}
    return {"url": receiver.url}


@pytest.mark.parametrize(
    ("trouble", "status_code", "status"),
    [
        (closed_door, 502, "failed to connect to host"),
        (slow, 504, "timed out"),
        (failing, 500, "Invalid HTTP Response: 500"),
        (redirecting, 307, "Invalid HTTP Response: 307"),
    ],
)
def test_receiver_in_trouble_is_a_failed_delivery(
    github: LocalGitHub,
    clone: Clone,
    receiver: Receiver,
    trouble: Callable[[Receiver], dict[str, Any]],
    status_code: int,
    status: str,
) -> None:
    """A redirect is not followed, and the next event does not wait for a slow answer."""
    github.tell("PUT", "/faults", {"webhook_timeout_seconds": 0.3})
    github.tell("PUT", "/hook", {"secret": SECRET, "events": ["push"], **trouble(receiver)})
    clone.commit({"a": "1"})
    clone.push()
    [delivery] = deliveries(github, 1)
    assert (delivery["status_code"], delivery["status"]) == (status_code, status)
    assert len(receiver.of("push")) == (0 if trouble is closed_door else 1)


def test_repository_s_hook_is_listed_and_repeated_by_a_token(
    github: LocalGitHub, clone: Clone, receiver: Receiver, person: Client, app: Client
) -> None:
    github.tell("PUT", "/hook", {"url": receiver.url, "secret": SECRET, "type": "Repository"})
    clone.commit({"a": "1"})
    clone.push()
    [delivery] = deliveries(github, 1)
    path = f"hooks/{identity.HOOK_ID}/deliveries"
    assert person.get(path)[0]["id"] == delivery["id"]
    person.get(f"{path}/{delivery['id']}")
    person.send("POST", f"{path}/{delivery['id']}/attempts", {})
    assert len({each.guid for each in receiver.wait(2)}) == 1
    assert person.call("GET", "hooks/1/deliveries").status == 404
    assert app.call("GET", "/app/hook/deliveries").status == 404


def test_deliveries_come_in_pages(github: LocalGitHub, clone: Clone, receiver: Receiver, app: Client) -> None:
    clone.commit({"a": "1"})
    clone.push("main", "main:b", "main:c")
    deliveries(github, 3)
    first = app.call("GET", "/app/hook/deliveries?per_page=2")
    following = first.headers["link"].partition(">")[0].removeprefix(f"<{github.url}")
    second = app.call("GET", following)
    ids = [each["id"] for reply in (first, second) for each in reply.body]
    assert len(ids) == 4  # with the ping
    assert ids == sorted(ids, reverse=True)
    assert "link" not in second.headers
