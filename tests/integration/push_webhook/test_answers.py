"""Which requests are accepted, and which are refused, as what."""

import hashlib
import hmac
import json
from types import ModuleType
from typing import Any

import pytest

from tests.github_payloads import NO_COMMIT, REPOSITORY, a_push, examples
from tests.integration.push_webhook.conftest import CONTEXT, DELIVERY, SECRET, Account, a_request, answer, counted


def test_push_is_queued_once_and_answered(
    handler: ModuleType, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(handler, a_request()) == (202, "accepted")
    assert counted(capsys.readouterr().out) == {"Requests", "Accepted"}
    (work,) = account.queued()
    assert (work.delivery, work.ref, work.after) == (DELIVERY, "refs/heads/master", "a" * 40)


def test_body_that_lambda_encoded_is_verified_as_it_was_sent(handler: ModuleType, account: Account) -> None:
    assert answer(handler, a_request(flagged=True)) == (202, "accepted")
    assert len(account.queued()) == 1


def test_header_names_in_any_case(handler: ModuleType) -> None:
    request = a_request()
    request["headers"] = {name.title(): value for name, value in request["headers"].items()}
    assert answer(handler, request) == (202, "accepted")


def test_push_of_2048_commits_is_as_small_a_message_as_any(handler: ModuleType, account: Account) -> None:
    payload = a_push(commits=a_push()["commits"] * 2048)
    assert answer(handler, a_request(payload, flagged=True)) == (202, "accepted")
    (work,) = account.queued()
    assert len(work.to_json()) < 350


def expected(event: str, payload: dict[str, Any]) -> tuple[int, str]:
    """By the table, told anew: what an example that others recorded is to be answered with."""
    ours = payload.get("repository", {}).get("full_name") == REPOSITORY
    if event == "ping":
        return 200, "pong"
    if event == "push" and ours and payload["ref"].startswith("refs/heads/"):
        return 202, "accepted"
    if event in {"check_run", "check_suite"} and ours and payload["action"] == "rerequested":
        return 202, "accepted"
    return 200, "ignored"  # tags, pull requests of the same repository, and all that is not about commits


def test_every_example_that_others_recorded_gets_the_table_s_answer(handler: ModuleType, account: Account) -> None:
    accepted = 0
    for event, payloads in examples().items():
        for number, payload in enumerate(payloads):
            request = a_request(payload, event, delivery=f"{event.replace('_', '-')}-{number}", flagged=True)
            assert answer(handler, request) == expected(event, payload), (event, number)
            accepted += expected(event, payload)[0] == 202
    assert sum(map(len, examples().values())) == 329
    assert len(account.queued()) == accepted == 4


@pytest.mark.parametrize(
    ("payload", "outcome", "metric"),
    [
        (a_push(), (202, "accepted"), "Accepted"),
        (a_push(forced=True), (202, "accepted"), "Accepted"),
        (a_push(after=NO_COMMIT, deleted=True, head_commit=None, commits=[]), (200, "deleted"), "DeployBranchDeleted"),
        (a_push() | {"repository": {"id": 1, "full_name": "a/b"}}, (200, "ignored"), "UnknownRepository"),
    ],
    ids=["ordinary", "forced", "deploy branch deleted", "other repository"],
)
def test_push_is_answered_and_counted(
    handler: ModuleType, capsys: pytest.CaptureFixture[str], payload: Any, outcome: tuple[int, str], metric: str
) -> None:
    assert answer(handler, a_request(payload)) == outcome
    assert counted(capsys.readouterr().out) == {"Requests", metric}


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS", "post", ""])
def test_only_post_is_answered(handler: ModuleType, method: str) -> None:
    found = handler.lambda_handler(a_request(method=method), CONTEXT)
    assert (found["statusCode"], found["headers"]["allow"]) == (405, "POST")


@pytest.mark.parametrize("flagged", [True, False])
def test_body_over_the_limit_is_refused_unread_and_counted(
    handler: ModuleType, capsys: pytest.CaptureFixture[str], flagged: bool
) -> None:
    body = json.dumps(a_push()).encode().ljust(25_000_000)
    assert answer(handler, a_request(body=body, flagged=flagged)) == (413, "refused")
    assert counted(capsys.readouterr().out) == {"Requests", "TooLarge"}


@pytest.mark.parametrize("flagged", [True, False])
def test_limit_is_exact(handler: ModuleType, flagged: bool) -> None:
    body = json.dumps(a_push()).encode()
    for spare, status in ((0, 202), (1, 413)):
        padded = body.ljust(handler.BODY_BYTES + spare)
        assert answer(handler, a_request(body=padded, flagged=flagged))[0] == status


def test_limit_counts_bytes_and_not_characters(handler: ModuleType) -> None:
    body = "é".encode() * (handler.BODY_BYTES // 2 + 1)
    assert answer(handler, a_request(body=body)) == (413, "refused")


def test_unsigned_and_sha1_are_refused_before_anything_is_parsed(
    handler: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "read", lambda *_: pytest.fail("it was parsed"))
    for header in (None, "", "sha1=" + "0" * 40, "sha256=é", "sha256=" + "0" * 63):
        assert answer(handler, a_request(x_hub_signature_256=header)) == (401, "refused")
    assert answer(handler, a_request(secret="guessed")) == (401, "refused")


def test_signature_of_sha1_that_is_right_counts_for_nothing(handler: ModuleType, account: Account) -> None:
    """GitHub sends it beside the other, for receivers of long ago."""
    body = json.dumps(a_push()).encode()
    right = "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    for sent in ({"x_hub_signature_256": None}, {"x_hub_signature_256": right}):
        assert answer(handler, a_request(body=body, x_hub_signature=right, **sent)) == (401, "refused")
    assert account.queued() == []


def test_forged_signature_is_counted_and_a_missing_one_is_not(
    handler: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(handler, a_request(x_hub_signature_256=None))
    assert counted(capsys.readouterr().out) == {"Requests"}
    answer(handler, a_request(secret="guessed"))
    assert counted(capsys.readouterr().out) == {"Requests", "ForgedSignatures"}


def test_form_is_refused_with_what_to_do(handler: ModuleType) -> None:
    found = handler.lambda_handler(
        a_request(body=b"payload=%7B%7D", content_type="application/x-www-form-urlencoded"), CONTEXT
    )
    assert found["statusCode"] == 415
    assert "application/json" in json.loads(found["body"])["reason"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 200_000, b"9" * 10_000, b'{"a":' * 200_000, b"null"], ids=lambda body: body[:9]
)  # fmt: skip
def test_signed_body_that_is_no_payload_is_malformed(handler: ModuleType, body: bytes) -> None:
    assert answer(handler, a_request(body=body, flagged=True)) == (400, "malformed")


def test_answer_and_log_hold_neither_secret_nor_payload(
    handler: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    for request in (a_request(), a_request(secret="guessed"), a_request(a_push(ref="a ref that is none"))):
        found = handler.lambda_handler(request, CONTEXT)
        for text in (found["body"], capsys.readouterr().out):
            assert SECRET not in text
            assert "Codertocat" not in text
