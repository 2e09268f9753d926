"""The webhook's secret, while it is changed, withdrawn, guessed at, or cannot be read."""

from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from push_webhook.webhook_secret import KEEP_SECONDS, RETRY_SECONDS, WebhookSecretError
from tests.integration.push_webhook.conftest import SECRET, Account, Clock, a_request, answer, load


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
