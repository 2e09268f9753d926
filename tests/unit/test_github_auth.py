"""Tokens for GitHub: `push_gate.github_auth`. The key is a real one; what KMS does with it is done by `cryptography`."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from push_gate.github_api import GitHubResponseError
from push_gate.github_auth import AppJwt, GitHubTokenError, InstallationToken, SecretToken

NOW = 1_800_000_000.0


class Kms:
    """Signs as KMS does: https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html"""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.calls = 0

    def sign(self, **request: Any) -> dict[str, bytes]:
        self.calls += 1
        assert request["KeyId"] == "key"
        assert (request["MessageType"], request["SigningAlgorithm"]) == ("RAW", "RSASSA_PKCS1_V1_5_SHA_256")
        assert len(request["Message"]) <= 4096
        return {"Signature": self.key.sign(request["Message"], padding.PKCS1v15(), SHA256())}


class Clock:
    seconds = NOW

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def kms() -> Kms:
    return Kms()


@pytest.fixture
def clock() -> Iterator[Clock]:
    return Clock()


def decoded(segment: str) -> bytes:
    assert "=" not in segment
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def claims(token: str) -> dict[str, Any]:
    return dict(json.loads(decoded(token.split(".")[1])))


def test_jwt_is_signed_by_the_app_s_key(kms: Kms, clock: Clock) -> None:
    token = AppJwt(kms, "key", "Iv23liExample", clock).token()
    header, payload, signature = token.split(".")
    assert json.loads(decoded(header)) == {"alg": "RS256", "typ": "JWT"}
    public = kms.key.public_key()
    public.verify(decoded(signature), f"{header}.{payload}".encode(), padding.PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        public.verify(decoded(signature), f"{header}.{payload}x".encode(), padding.PKCS1v15(), SHA256())


def test_jwt_says_what_github_asks_for(kms: Kms, clock: Clock) -> None:
    """Issued a minute ago, for clocks that differ, and no longer than ten minutes from then."""
    found = claims(AppJwt(kms, "key", "Iv23liExample", clock).token())
    assert found["iss"] == "Iv23liExample"
    assert found["iat"] == NOW - 60
    assert NOW < found["exp"] <= found["iat"] + 600


def test_jwt_is_used_until_it_is_nearly_over(kms: Kms, clock: Clock) -> None:
    jwt = AppJwt(kms, "key", "1", clock)
    first = jwt.token()
    calls = kms.calls
    clock.seconds += 7 * 60
    assert jwt.token() == first
    assert kms.calls == calls
    clock.seconds += 60
    assert claims(jwt.token())["exp"] > clock.seconds
    assert kms.calls == calls + 1


class App:
    """GitHub, as far as it makes tokens."""

    def __init__(self, answer: Any = None) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.answer = answer

    def post(self, path: str, body: Any, *, repeatable: bool) -> Any:
        assert repeatable
        self.requests.append((path, body))
        made = {"token": f"ghs_{len(self.requests)}.a.b" * 30, "expires_at": "2027-01-15T09:00:00Z"}
        return made if self.answer is None else self.answer


EXPIRES_AT = 1_800_003_600.0


def test_token_is_for_one_repository_and_few_permissions(clock: Clock) -> None:
    app = App()
    InstallationToken(app, 7, 186853002, clock).token()
    assert app.requests == [
        (
            "/app/installations/7/access_tokens",
            {
                "repository_ids": [186853002],
                "permissions": {"contents": "read", "checks": "write", "statuses": "write"},
            },
        )
    ]


def test_token_is_used_until_five_minutes_before_its_end(clock: Clock) -> None:
    app = App()
    tokens = InstallationToken(app, 7, 1, clock)
    first = tokens.token()
    clock.seconds = EXPIRES_AT - 301
    assert tokens.token() == first
    clock.seconds = EXPIRES_AT - 300
    assert tokens.token() != first
    assert len(app.requests) == 2


def test_token_that_was_refused_is_replaced(clock: Clock) -> None:
    tokens = InstallationToken(App(), 7, 1, clock)
    first = tokens.token()
    second = tokens.renew()
    assert first != second == tokens.token()


@pytest.mark.parametrize("answer", [[], {"token": "x"}, {"token": "x", "expires_at": "soon"}, "x"])
def test_answer_without_a_token_is_an_error(clock: Clock, answer: Any) -> None:
    with pytest.raises(GitHubResponseError):
        InstallationToken(App(answer), 7, 1, clock).token()


class Secrets:
    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        return {"SecretString": self.texts.pop(0)}


def test_token_of_a_secret_is_read_once_and_again_when_it_was_refused() -> None:
    tokens = SecretToken(Secrets("ghp_one\n", "ghp_two"), "arn")
    assert [tokens.token(), tokens.token(), tokens.renew(), tokens.token()] == [
        "ghp_one",
        "ghp_one",
        "ghp_two",
        "ghp_two",
    ]


@pytest.mark.parametrize("text", ["", " \n", "ghp_a\r\nX-Evil: 1", "é"])
def test_secret_that_is_no_token_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(GitHubTokenError, match="put a token of GitHub"):
        SecretToken(Secrets(text), "arn").token()
