"""`push_webhook`: answers GitHub at once, well within its ten seconds; what is to be done goes to the queue.

The order matters: method, size, signature, media type, JSON, what it asks for, whether that was asked before. Nothing
of a request is parsed before its signature is right. GitHub delivers nothing again by itself: what is answered with an
error waits for `push_gate`'s sweep, or for a person.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from control_plane.delivery_ledger import DeliveryLedger, Refused
from control_plane.observability import logger, metrics, tracer
from control_plane.push_work import PushWork
from control_plane.settings import read_settings

from .http_request import BodyError, HttpRequest
from .push_event import Configuration, Verdict, classify
from .settings import Settings
from .signature import verify
from .webhook_secret import WebhookSecret

BODY_BYTES = 6 * 1024 * 1024
"""Lambda's own limit: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html. GitHub's is 25 MB."""

REASON_CHARACTERS = 300

# One retry, so that an outage is told as 503 before GitHub's ten seconds are over.
patience = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
settings = read_settings(Settings, os.environ)
sqs = boto3.client("sqs", config=patience)
ledger = DeliveryLedger(boto3.client("dynamodb", config=patience), settings.state_table, time.time)
webhook_secret = WebhookSecret(
    boto3.client("secretsmanager", config=patience), settings.webhook_secret_arn, time.monotonic
)
configuration = Configuration(settings.github_repository, settings.github_deploy_branch)


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one request. Raises only where this function is set up wrongly, or Lambda sent something else."""
    request = HttpRequest.parse(event)
    verdict = decide(request)
    if verdict.work is not None:
        verdict = enqueue(verdict, verdict.work)
    metrics.add_metric(name="Requests", unit="Count", value=1)
    if verdict.metric:
        metrics.add_metric(name=verdict.metric, unit="Count", value=1)
    reason = verdict.reason[:REASON_CHARACTERS]
    names = {"delivery": "x-github-delivery", "github_event": "x-github-event"}
    headers = {key: ascii(request.headers.get(name, ""))[1:65] for key, name in names.items()}
    logger.info(verdict.word, extra={"status": verdict.status, "reason": reason, **headers})
    return {
        "statusCode": verdict.status,
        "headers": {"content-type": "application/json", **({"allow": "POST"} if verdict.status == 405 else {})},
        "body": json.dumps({"result": verdict.word, "reason": reason}),
    }


def decide(request: HttpRequest) -> Verdict:
    """What the request asks for, from itself alone."""
    if request.method != "POST":
        return Verdict(405, "refused", "only POST")
    too_large = Verdict(413, "refused", f"more than {BODY_BYTES} bytes", metric="TooLarge")
    if request.least_body_bytes > BODY_BYTES:
        return too_large
    try:
        body = request.body()
    except BodyError as error:
        return Verdict(400, "malformed", str(error))
    if len(body) > BODY_BYTES:
        return too_large
    return authenticate(body, request.headers.get("x-hub-signature-256")) or read(request, body)


def authenticate(body: bytes, signature: str | None) -> Verdict | None:
    """None when it is GitHub's."""
    found = verify(body, signature, webhook_secret.secrets())
    if found == "wrong" and webhook_secret.changed():
        found = verify(body, signature, webhook_secret.secrets())
    if found == "malformed":
        return Verdict(401, "refused", "X-Hub-Signature-256 is needed: give GitHub's webhook a secret")
    if found == "wrong":
        reason = "signed with another secret than that of this webhook"
        return Verdict(401, "refused", reason, metric="ForgedSignatures")
    return None


def read(request: HttpRequest, body: bytes) -> Verdict:
    """What GitHub's request asks for."""
    if request.media_type != "application/json":
        return Verdict(415, "refused", "set the webhook's content type to application/json")
    try:
        payload = json.loads(body.decode())
    except (ValueError, RecursionError):
        return Verdict(400, "malformed", "the body is no JSON in UTF-8")
    event, delivery = (request.headers.get(f"x-github-{name}", "") for name in ("event", "delivery"))
    return classify(event, delivery, payload, configuration)


def enqueue(accepted: Verdict, work: PushWork) -> Verdict:
    """Queue the work once. A claim whose message could not be sent is given back, so that a redelivery works at once."""
    unavailable = Verdict(503, "unavailable", "redeliver later", metric="Unavailable")
    try:
        claim = ledger.claim(work.delivery)
    except (ClientError, BotoCoreError):
        logger.exception("the state table is unavailable")
        return unavailable
    if isinstance(claim, Refused):
        return Verdict(200, "duplicate", f"it is {claim.reason}", metric="Duplicates")
    try:
        sqs.send_message(QueueUrl=settings.push_queue_url, MessageBody=work.to_json())
    except (ClientError, BotoCoreError):
        logger.exception("the queue is unavailable")
        give_back(work.delivery, claim.claim)
        return unavailable
    return Verdict(accepted.status, accepted.word, accepted.reason, metric="Accepted")


def give_back(delivery: str, claim: str) -> None:
    """Where even that fails, the claim ends by itself within a minute."""
    try:
        ledger.failed(delivery, claim)
    except (ClientError, BotoCoreError):
        logger.exception("the state table is unavailable")
