"""The webhook's secret: the current one, and the previous one while it is being changed at GitHub."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEEP_SECONDS = 60
RETRY_SECONDS = 10
"""Between two readings that wrong signatures ask for: whoever forges them must not be able to drive calls."""


class WebhookSecretError(Exception):
    """The secret cannot be one; the message says what to put there."""


class WebhookSecret:
    """Reads the secret now, and again when it may have changed. `now` is in seconds and never goes back.

    Raises `WebhookSecretError` where the secret holds none: with an empty secret, anybody could sign.
    """

    def __init__(self, secretsmanager: SecretsManagerClient, arn: str, now: Callable[[], float]) -> None:
        self._secretsmanager = secretsmanager
        self._arn = arn
        self._now = now
        self._read_at = now()
        self._secrets = self._read()

    def secrets(self) -> tuple[bytes, ...]:
        """What a signature may be made with, at most a minute old while Secrets Manager answers."""
        if self._now() - self._read_at >= KEEP_SECONDS:
            self._refresh()
        return self._secrets

    def changed(self) -> bool:
        """Read again because a signature was wrong, unless that was done just now: whether there are others since."""
        if self._now() - self._read_at < RETRY_SECONDS:
            return False
        before = self._secrets
        self._refresh()
        return self._secrets != before

    def _refresh(self) -> None:
        """Where Secrets Manager does not answer, what was read before goes on being right."""
        self._read_at = self._now()
        try:
            self._secrets = self._read()
        except (ClientError, BotoCoreError):
            return

    def _read(self) -> tuple[bytes, ...]:
        text = self._secretsmanager.get_secret_value(SecretId=self._arn)["SecretString"]
        return parse(text)


def parse(text: str) -> tuple[bytes, ...]:
    """The secrets of `{"current": "...", "previous": ""}`, the current one first. Raises `WebhookSecretError`."""
    wanted = 'put {"current": "<the secret that GitHub has>", "previous": ""} into the webhook\'s secret'
    try:
        found = json.loads(text)
        current, previous = found["current"], found.get("previous", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not the error itself: it may quote the secret.
        raise WebhookSecretError(f"it is no JSON with the key current; {wanted}") from None
    if not isinstance(current, str) or not isinstance(previous, str):
        raise WebhookSecretError(f"its values are no texts; {wanted}")
    if not current.strip():
        raise WebhookSecretError(f"its current value is empty, so that anybody could sign; {wanted}")
    return tuple(secret.encode() for secret in (current, previous) if secret.strip())
