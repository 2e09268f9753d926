"""`push_webhook`'s real handler, with moto's SQS, DynamoDB and Secrets Manager around it."""

import base64
import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from control_plane.push_work import PushWork
from tests import github_payloads
from tests.github_payloads import REPOSITORY, a_push
from tests.integration import state_table

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
        state_table.create(boto3.client("dynamodb"))

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
        "STATE_TABLE": state_table.NAME,
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
