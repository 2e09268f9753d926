"""Who calls the API: nobody, the App by a JSON Web Token, its installation or a person by a token.

Sources: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
and https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.errors import LocalStackError
from local.github import identity
from local.github.store import Store

LONGEST_JWT_SECONDS = 600
TOKEN_SECONDS = 3600
LEVELS = {"read": 1, "write": 2}
NO_JWT = "A JSON web token could not be decoded"


class CredentialsError(LocalStackError):
    """Credentials that are none; the message is GitHub's."""

    def __init__(self, message: str, status: int = 401) -> None:
        super().__init__(message)
        self.status = status


class PublicKeyError(LocalStackError):
    """What was given is no RSA public key."""


@dataclass(frozen=True)
class Caller:
    """`kind` is none, app, installation or token; `permissions` has read or write by name."""

    kind: str
    permissions: Mapping[str, str]

    def may(self, permission: str, level: str) -> bool:
        return LEVELS.get(self.permissions.get(permission, ""), 0) >= LEVELS[level]


NOBODY = Caller("none", {})


def read_public_key(text: str) -> str:
    """The key as PEM, from PEM or from the base64 of DER that KMS's GetPublicKey answers. Raises `PublicKeyError`."""
    try:
        if text.lstrip().startswith("-----BEGIN"):
            key = serialization.load_pem_public_key(text.encode())
        else:
            key = serialization.load_der_public_key(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise PublicKeyError(f"give an RSA public key, as PEM or as base64 of DER: {error}") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise PublicKeyError("give an RSA public key: GitHub signs in Apps with RS256 only")
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, form).decode()


def identify(store: Store, authorization: str | None) -> Caller:
    """Who sends this `Authorization` header. Raises `CredentialsError`."""
    if not authorization:
        return NOBODY
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() not in {"bearer", "token"}:
        raise CredentialsError("Bad credentials")
    token = store.setting(_token_setting(credentials))
    if token is not None and (token["expires_at"] is None or token["expires_at"] > time.time()):
        return Caller(token["kind"], token["permissions"])
    if token is None and re.fullmatch(r"ey[\w-]*\.[\w-]+\.[\w-]+", credentials, re.ASCII):
        _verify(credentials, store.setting("public_key"), time.time())
        return Caller("app", {})
    raise CredentialsError("Bad credentials")


def issue(store: Store, permissions: Mapping[str, str]) -> tuple[str, float]:
    """A token of the installation, and when it ends, in seconds since the epoch.

    Longer than the forty characters of old, and with dots: https://github.blog/changelog/ (2026-04) says that tokens become so.
    """
    token = (
        f"ghs_{identity.APP_ID}_ey{secrets.token_urlsafe(40)}.{secrets.token_urlsafe(180)}.{secrets.token_urlsafe(64)}"
    )
    expires_at = float(int(time.time()) + TOKEN_SECONDS)
    register(store, token, "installation", permissions, expires_at)
    return token, expires_at


def register(
    store: Store, token: str, kind: str, permissions: Mapping[str, str], expires_at: float | None = None
) -> None:
    """Let `token` in from now on; only its hash is kept."""
    store.set(
        _token_setting(token),
        {"kind": kind, "permissions": {**permissions, "metadata": "read"}, "expires_at": expires_at},
    )


def _token_setting(token: str) -> str:
    return f"token {hashlib.sha256(token.encode()).hexdigest()}"


def _verify(token: str, public_key: str | None, now: float) -> None:
    if public_key is None:
        raise CredentialsError("Integration must generate a public key")
    signed, _, signature = token.rpartition(".")
    header, claims = (_json_part(part) for part in signed.split("."))
    key = serialization.load_pem_public_key(public_key.encode())
    if header.get("alg") != "RS256" or not isinstance(key, rsa.RSAPublicKey):
        raise CredentialsError(NO_JWT)
    try:
        key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise CredentialsError(NO_JWT) from None
    issued, expires = claims.get("iat"), claims.get("exp")
    if str(claims.get("iss")) not in {str(identity.APP_ID), identity.CLIENT_ID}:
        raise CredentialsError("Integration not found", 404)
    if not isinstance(issued, int) or issued > now:
        raise CredentialsError(
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    if not isinstance(expires, int) or expires <= now:
        raise CredentialsError(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires"
        )
    if expires > now + LONGEST_JWT_SECONDS:
        raise CredentialsError("'Expiration time' claim ('exp') is too far in the future")


def _json_part(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_decoded(part))
    except ValueError:
        raise CredentialsError(NO_JWT) from None
    if not isinstance(value, dict):
        raise CredentialsError(NO_JWT)
    return value


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise CredentialsError(NO_JWT) from None
