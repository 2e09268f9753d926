"""Anything may be sent to the webhook's address."""

import base64
import json
import random
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from tests import github_payloads
from tests.github_payloads import a_check, a_pull_request, a_push, examples
from tests.integration.push_webhook.conftest import SECRET, Account, a_request, answer

REQUESTS = 10_000
STRANGE: list[Any] = [None, "", "0", "é", "\ud800", "\0", "null", "application/json", "a" * 5000, "sha256=" + "a" * 64]


def a_strange_payload(choose: random.Random, text: str) -> Any:
    """Often with one field that is something else."""
    payload = json.loads(text)
    if choose.random() < 0.4:
        inside = payload
        while choose.random() < 0.5 and (objects := [entry for entry in inside.values() if isinstance(entry, dict)]):
            inside = choose.choice(objects)
        if inside:
            inside[choose.choice(list(inside))] = choose.choice([*STRANGE, [], {}, -1, 2**70, 1e300, True])
    return payload


def spoil(choose: random.Random, request: dict[str, Any]) -> None:
    """Change a header, the method, the flag or the body."""
    match choose.randrange(6):
        case 0:
            request["headers"][choose.choice(list(request["headers"]))] = choose.choice(STRANGE[1:])
        case 1:
            request["headers"].pop(choose.choice(list(request["headers"])))
        case 2:
            request["requestContext"]["http"]["method"] = choose.choice(["GET", "POST", "", "PATCH"])
        case 3:
            request["isBase64Encoded"] = not request["isBase64Encoded"]
        case 4 if request["body"]:
            position = choose.randrange(len(request["body"]))
            changed = choose.choice(["", "0", "A", "=", "é", "\ud800", "\n"])
            request["body"] = request["body"][:position] + changed + request["body"][position + 1 :]
        case _:
            request["body"] = choose.choice(STRANGE)


def strange_requests(choose: random.Random) -> Iterator[dict[str, Any]]:
    """Requests like GitHub's with some things wrong, or none; most are signed after their payload was changed."""
    fork = a_pull_request(head_repository={"id": 5})
    originals = {"push": a_push(), "pull_request": fork, "check_run": a_check(), "ping": examples()["ping"][0]}
    texts = [(event, json.dumps(payload)) for event, payload in originals.items()]
    for number in range(REQUESTS):
        event, text = choose.choice(texts)
        request = a_request(
            a_strange_payload(choose, text),
            event,
            delivery=str(number),
            secret=choose.choice([SECRET, SECRET, SECRET, "", "guessed"]),
            flagged=choose.random() < 0.5,
        )
        for _ in range(choose.choice([0, 0, 1, 2])):
            spoil(choose, request)
        yield request


def really_signed(request: dict[str, Any]) -> bool:
    """Whether GitHub's secret signed this very body, found out in another way than the function does."""
    body = request["body"] or ""
    try:
        sent = base64.b64decode(body, validate=True) if request["isBase64Encoded"] else body.encode()
    except ValueError:
        return False
    return bool(request["headers"].get("x-hub-signature-256") == github_payloads.signature(sent, SECRET))


def test_ten_thousand_strange_requests_end_in_no_error_and_none_is_accepted_unsigned(
    handler: ModuleType, account: Account
) -> None:
    seen: dict[int, int] = {}
    queued = 0
    for request in strange_requests(random.Random(20)):
        status, word = answer(handler, request)
        seen[status] = seen.get(status, 0) + 1
        assert status < 500, request
        if status not in (401, 405, 413) and word != "malformed":
            assert really_signed(request), request
        if status == 202:
            queued += len(account.queued())
    assert set(seen) >= {200, 202, 400, 401, 405, 415}
    assert queued == seen[202]
