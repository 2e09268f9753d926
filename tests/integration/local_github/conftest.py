"""A local GitHub of each test's own, with a hook, a developer's clone and an App's key."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.github import identity
from local.github.running import LocalGitHub, Reply, running
from tests.integration.local_github import published
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.receiver import Receiver, receiving

SECRET = "It's a Secret to Everybody"
TOKEN = "github_pat_local"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[LocalGitHub]:
    with running(tmp_path / "github") as github:
        yield github


@pytest.fixture
def receiver(github: LocalGitHub) -> Iterator[Receiver]:
    """Receives the hook's events."""
    with receiving() as receiver:
        github.tell("PUT", "/hook", {"url": receiver.url, "secret": SECRET})
        receiver.wait(1, "ping")
        yield receiver


@pytest.fixture
def clone(github: LocalGitHub, tmp_path: Path) -> Clone:
    return Clone.of(github.git_url, tmp_path / "clone")


@dataclass(frozen=True)
class Client:
    """Calls the API with one credential; holds every answer to GitHub's own description."""

    github: LocalGitHub
    credential: str | None

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        full = path if path.startswith("/") else f"/repos/{self.github.repository}/{path}".rstrip("/")
        reply = self.github.api(full, self.credential, method=method, body=body, headers=headers)
        published.check_answer(method, full, reply.status, reply.body)
        return reply

    def get(self, path: str) -> Any:
        """The body of what must succeed."""
        reply = self.call("GET", path)
        assert reply.status == 200, reply.content
        return reply.body

    def send(self, method: str, path: str, body: Any) -> Any:
        """The body of what must succeed."""
        reply = self.call(method, path, body)
        assert reply.status in {200, 201, 202}, reply.content
        published.check_request(method, path if path.startswith("/") else f"/repos/o/r/{path}", body)
        return reply.body


@pytest.fixture(scope="session")
def app_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def json_web_token(key: rsa.RSAPrivateKey, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """As the App makes it, but for what `claims` and `header` say; a claim that is None is left out."""
    now = int(time.time())
    said = {"iat": now - 60, "exp": now + 540, "iss": identity.APP_ID} | claims
    said = {name: value for name, value in said.items() if value is not None}
    parts = [{"alg": "RS256", "typ": "JWT", **(header or {})}, said]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(key.sign(signed, padding.PKCS1v15(), hashes.SHA256())).rstrip(b"=")
    return f"{signed.decode()}.{signature.decode()}"


def public_key(key: rsa.RSAPrivateKey) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


@pytest.fixture
def app(github: LocalGitHub, app_key: rsa.RSAPrivateKey) -> Client:
    """The App itself, by its JSON Web Token."""
    github.tell("PUT", "/app", {"public_key": public_key(app_key)})
    return Client(github, json_web_token(app_key))


@pytest.fixture
def installation(github: LocalGitHub, app: Client) -> Client:
    """The App's installation, with all that it was granted."""
    path = f"/app/installations/{identity.INSTALLATION_ID}/access_tokens"
    return Client(github, app.send("POST", path, {})["token"])


@pytest.fixture
def person(github: LocalGitHub) -> Client:
    """Somebody with a personal access token."""
    github.tell("PUT", "/token", {"token": TOKEN})
    return Client(github, TOKEN)
