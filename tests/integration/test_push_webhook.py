"""`push_webhook`'s real handler, against moto's SQS, DynamoDB and Secrets Manager."""

import base64
import hashlib
import hmac
import importlib
import json
import random
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from control_plane.delivery_ledger import QUEUE_LEASE_SECONDS, Claimed
from control_plane.push_work import PushWork
from push_webhook.webhook_secret import KEEP_SECONDS, RETRY_SECONDS, WebhookSecretError
from tests import github_payloads
from tests.github_payloads import NO_COMMIT, REPOSITORY, a_check, a_pull_request, a_push, examples

SECRET = "It's a Secret to Everybody"
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
CONTEXT = SimpleNamespace(
    function_name="push_webhook",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:push_webhook",
    aws_request_id="1",
)


class Account:
    """What the function finds in AWS."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs")
        self.secretsmanager = boto3.client("secretsmanager")
        self.queue_url = self.sqs.create_queue(QueueName="push")["QueueUrl"]
        self.secret_arn = self.secretsmanager.create_secret(Name="webhook", SecretString="{}")["ARN"]
        self.put_secret(SECRET)
        boto3.client("dynamodb").create_table(
            TableName="state",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )

    def put_secret(self, current: str, previous: str = "") -> None:
        text = json.dumps({"current": current, "previous": previous})
        self.secretsmanager.put_secret_value(SecretId=self.secret_arn, SecretString=text)

    def queued(self) -> list[PushWork]:
        """What is in the queue, taken out of it."""
        found: list[PushWork] = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages"):
            found += [PushWork.from_json(message["Body"]) for message in messages]
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Account()


def load(monkeypatch: pytest.MonkeyPatch, account: Account) -> ModuleType:
    for name, value in {
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_DEPLOY_BRANCH": "master",
        "WEBHOOK_SECRET_ARN": account.secret_arn,
        "PUSH_QUEUE_URL": account.queue_url,
        "STATE_TABLE": "state",
        "POWERTOOLS_SERVICE_NAME": "push_webhook",
        "POWERTOOLS_METRICS_NAMESPACE": "Farflow",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in sys.modules if name in {"push_webhook.handler", "control_plane.observability"}]:
        del sys.modules[name]
    return importlib.import_module("push_webhook.handler")


@pytest.fixture
def handler(account: Account, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load(monkeypatch, account)


class Clock:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(handler: ModuleType) -> Clock:
    """The clock by which the handler's secret and claims grow old."""
    clock = Clock(handler.webhook_secret._read_at)
    handler.webhook_secret._now = clock
    handler.ledger._now = clock
    return clock


def a_request(
    payload: Any = None,
    event: str = "push",
    *,
    delivery: str = DELIVERY,
    secret: str = SECRET,
    body: bytes | None = None,
    flagged: bool = False,
    method: str = "POST",
    **headers: str | None,
) -> dict[str, Any]:
    """As a function URL hands on what GitHub sends. A header that is None is left out."""
    body = json.dumps(a_push() if payload is None else payload).encode() if body is None else body
    sent = {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": delivery,
        "x-hub-signature-256": github_payloads.signature(body, secret),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return {
        "version": "2.0",
        "requestContext": {"http": {"method": method, "path": "/"}},
        "headers": {name: value for name, value in sent.items() if value is not None},
        "body": base64.b64encode(body).decode() if flagged else body.decode(),
        "isBase64Encoded": flagged,
    }


def answer(handler: ModuleType, request: dict[str, Any]) -> tuple[int, str]:
    found = handler.lambda_handler(request, CONTEXT)
    return found["statusCode"], json.loads(found["body"])["result"]


def counted(output: str) -> set[str]:
    """The metrics that were printed in CloudWatch's embedded format."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith('{"_aws"')]
    metrics = [metric for line in lines for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]]
    return {metric["Name"] for metric in metrics}


def unavailable(handler: ModuleType, monkeypatch: pytest.MonkeyPatch, service: str, call: str) -> None:
    """Make a call fail as it does when the service does not answer."""
    client = {"sqs": handler.sqs, "dynamodb": handler.ledger._dynamodb}[service]

    def fail(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url=f"https://{service}")

    monkeypatch.setattr(client, call, fail)


# ---- what is accepted ------------------------------------------------------------------------------


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


# ---- what is refused -------------------------------------------------------------------------------


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


# ---- again -----------------------------------------------------------------------------------------


def test_delivery_that_is_queued_running_or_done_is_a_duplicate(
    handler: ModuleType, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(handler, a_request()) == (202, "accepted")
    capsys.readouterr()
    assert answer(handler, a_request()) == (200, "duplicate")
    assert counted(capsys.readouterr().out) == {"Requests", "Duplicates"}
    handler.ledger.start(DELIVERY, 330)
    assert answer(handler, a_request()) == (200, "duplicate")
    handler.ledger.done(DELIVERY)
    assert answer(handler, a_request()) == (200, "duplicate")
    assert len(account.queued()) == 1


def test_delivery_that_failed_runs_again(handler: ModuleType, account: Account) -> None:
    answer(handler, a_request())
    started = handler.ledger.start(DELIVERY, 330)
    assert isinstance(started, Claimed)
    handler.ledger.failed(DELIVERY, started.claim)
    assert answer(handler, a_request()) == (202, "accepted")
    assert len(account.queued()) == 2


def test_delivery_whose_receiver_died_runs_again_when_its_lease_ends(
    handler: ModuleType, account: Account, clock: Clock
) -> None:
    handler.ledger.claim(DELIVERY)
    assert answer(handler, a_request()) == (200, "duplicate")
    clock.seconds += QUEUE_LEASE_SECONDS
    assert answer(handler, a_request()) == (202, "accepted")
    assert len(account.queued()) == 1


def test_what_is_ignored_claims_nothing(handler: ModuleType) -> None:
    """One id could otherwise be spent by whoever replays another event under it: headers are not signed."""
    assert answer(handler, a_request(a_pull_request(), "pull_request")) == (200, "ignored")
    assert answer(handler, a_request()) == (202, "accepted")


# ---- what does not answer --------------------------------------------------------------------------


def test_queue_that_does_not_answer_is_told_and_a_redelivery_works_at_once(
    handler: ModuleType, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as outage:
        unavailable(handler, outage, "sqs", "send_message")
        assert answer(handler, a_request()) == (503, "unavailable")
    assert "Unavailable" in counted(capsys.readouterr().out)
    assert answer(handler, a_request()) == (202, "accepted")
    assert len(account.queued()) == 1


def test_queue_that_is_gone_is_told(handler: ModuleType, account: Account) -> None:
    account.sqs.delete_queue(QueueUrl=account.queue_url)
    assert answer(handler, a_request()) == (503, "unavailable")


def test_table_that_does_not_answer_is_told_and_nothing_is_queued(
    handler: ModuleType, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    unavailable(handler, monkeypatch, "dynamodb", "put_item")
    assert answer(handler, a_request()) == (503, "unavailable")
    assert account.queued() == []


def test_neither_answers_and_the_claim_ends_by_itself(handler: ModuleType, account: Account, clock: Clock) -> None:
    with pytest.MonkeyPatch.context() as outage:
        unavailable(handler, outage, "sqs", "send_message")
        unavailable(handler, outage, "dynamodb", "update_item")
        assert answer(handler, a_request()) == (503, "unavailable")
    assert answer(handler, a_request()) == (200, "duplicate")
    clock.seconds += QUEUE_LEASE_SECONDS
    assert answer(handler, a_request()) == (202, "accepted")


# ---- the secret ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['{"current": "", "previous": "old"}', "{}", "plain"])
def test_function_does_not_start_without_a_secret(account: Account, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    account.secretsmanager.put_secret_value(SecretId=account.secret_arn, SecretString=text)
    with pytest.raises(WebhookSecretError):
        load(monkeypatch, account)


def test_secret_that_was_changed_works_at_the_first_delivery(
    handler: ModuleType, account: Account, clock: Clock
) -> None:
    account.put_secret("new", previous=SECRET)
    clock.seconds += RETRY_SECONDS
    assert answer(handler, a_request(secret="new", delivery="1")) == (202, "accepted")
    assert answer(handler, a_request(secret=SECRET, delivery="2")) == (202, "accepted")


def test_secret_that_was_withdrawn_works_for_a_minute_at_most(
    handler: ModuleType, account: Account, clock: Clock
) -> None:
    account.put_secret("new")
    clock.seconds += KEEP_SECONDS
    assert answer(handler, a_request(secret=SECRET)) == (401, "refused")


def test_forgers_do_not_drive_calls_to_secrets_manager(
    handler: ModuleType, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    read = handler.webhook_secret._read
    monkeypatch.setattr(handler.webhook_secret, "_read", lambda: calls.append(1) or read())
    for _ in range(60):
        clock.seconds += 0.5
        answer(handler, a_request(secret="guessed"))
    assert len(calls) == 3


def test_secrets_manager_that_does_not_answer_leaves_the_known_secret(
    handler: ModuleType, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "InternalServiceError", "Message": ""}}, "GetSecretValue")

    monkeypatch.setattr(handler.webhook_secret._secretsmanager, "get_secret_value", fail)
    clock.seconds += KEEP_SECONDS
    assert answer(handler, a_request()) == (202, "accepted")
    clock.seconds += RETRY_SECONDS
    assert answer(handler, a_request(secret="guessed")) == (401, "refused")


# ---- anything --------------------------------------------------------------------------------------

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
