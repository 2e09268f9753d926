"""Tokens for GitHub: an App's, whose private key never leaves KMS, or one that somebody made and put into a secret.

Sources: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
and https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .github_api import GitHubApi, GitHubError, GitHubResponseError, quoted

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

PERMISSIONS = {"contents": "read", "checks": "write", "statuses": "write"}
"""All that the gate needs, whatever else the App was granted."""

CLOCK_SKEW_SECONDS = 60
JWT_SECONDS = 9 * 60
"""From now; GitHub takes ten minutes at most."""

JWT_USE_SECONDS = 8 * 60

_UNUSABLE_KEY = {"KMSInvalidStateException", "DisabledException"}
"""A key that waits for its material, or was switched off. Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html"""
TOKEN_MARGIN_SECONDS = 5 * 60


class GitHubTokenError(GitHubError):
    """There is no token to use; the message says where to put one."""


class SecretToken:
    """A token that somebody made at GitHub: the whole text of a secret."""

    def __init__(self, secretsmanager: SecretsManagerClient, arn: str) -> None:
        self._secretsmanager = secretsmanager
        self._arn = arn
        self._token: str | None = None

    def token(self) -> str:
        """As it was read first."""
        return self._token or self.renew()

    def renew(self) -> str:
        """As it is now. Raises `GitHubTokenError`."""
        token = self._secretsmanager.get_secret_value(SecretId=self._arn)["SecretString"].strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise GitHubTokenError(f"put a token of GitHub, and nothing else, into the secret {self._arn}")
        self._token = token
        return token


class AppJwt:
    """Proves to GitHub that this is the App, for as long as GitHub allows. `issuer` is the App's client id, or its id."""

    def __init__(self, kms: KMSClient, key_id: str, issuer: str, now: Callable[[], float]) -> None:
        self._kms = kms
        self._key_id = key_id
        self._issuer = issuer
        self._now = now
        self._jwt: tuple[str, float] | None = None

    def token(self) -> str:
        """One for some minutes at least."""
        if self._jwt is None or self._now() >= self._jwt[1]:
            return self.renew()
        return self._jwt[0]

    def renew(self) -> str:
        """A new one, signed by KMS. Raises `GitHubTokenError` while nobody has imported the App's key."""
        now = int(self._now())
        claims = {"iat": now - CLOCK_SKEW_SECONDS, "exp": now + JWT_SECONDS, "iss": self._issuer}
        signed = f"{_segment({'alg': 'RS256', 'typ': 'JWT'})}.{_segment(claims)}"
        try:
            signature = self._kms.sign(
                KeyId=self._key_id,
                Message=signed.encode(),
                MessageType="RAW",
                SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
            )["Signature"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in _UNUSABLE_KEY:
                raise
            raise GitHubTokenError(
                f"import the App's private key into {self._key_id}, see docs/push-gate.md"
            ) from error
        self._jwt = (f"{signed}.{_base64url(signature)}", now + JWT_USE_SECONDS)
        return self._jwt[0]


class InstallationToken:
    """The App's token for one repository, with no more than `PERMISSIONS`; `app` asks in the App's own name.

    `repository` is its id, or owner/name where that is not known yet. Threads that need one at the same time share it.
    """

    def __init__(self, app: GitHubApi, installation_id: int, repository: int | str, now: Callable[[], float]) -> None:
        self._app = app
        self._installation_id = installation_id
        self._repository = repository
        self._now = now
        self._lock = threading.Lock()
        self._token: tuple[str, float] | None = None

    def token(self) -> str:
        """One for five minutes at least."""
        with self._lock:
            if self._token is None or self._now() >= self._token[1]:
                self._token = self._make()
            return self._token[0]

    def renew(self) -> str:
        """A new one."""
        with self._lock:
            self._token = self._make()
            return self._token[0]

    def _repositories(self) -> dict[str, list[int] | list[str]]:
        if isinstance(self._repository, int):
            return {"repository_ids": [self._repository]}
        return {"repositories": [self._repository.rpartition("/")[2]]}

    def _make(self) -> tuple[str, float]:
        """The token, whose form GitHub changes at times, and until when to use it."""
        answer = self._app.post(
            f"/app/installations/{self._installation_id}/access_tokens",
            {**self._repositories(), "permissions": PERMISSIONS},
            repeatable=True,
        )
        try:
            token, expires_at = str(answer["token"]), datetime.fromisoformat(answer["expires_at"])
        except (KeyError, TypeError, ValueError):
            raise GitHubResponseError("an installation's token without token or expires_at") from None
        return token, expires_at.timestamp() - TOKEN_MARGIN_SECONDS


def find_installation_id(app: GitHubApi, repository: str) -> int:
    """Of the App, in the repository owner/name: where nobody told it, as in a sweep."""
    answer = app.get(f"/repos/{quoted(repository)}/installation")
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), int):
        raise GitHubResponseError("an installation without id")
    return int(answer["id"])


def _segment(values: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(values, separators=(",", ":")).encode())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
