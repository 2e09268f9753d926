"""Which requests are GitHub's: `push_webhook.signature`, and what may be a secret."""

import hashlib
import hmac

import pytest

from push_webhook.signature import verify
from push_webhook.webhook_secret import WebhookSecretError, parse

# GitHub's own example: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
SECRET = b"It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_github_s_own_example_is_valid() -> None:
    assert verify(BODY, SIGNATURE, [SECRET]) == "valid"


@pytest.mark.parametrize("position", range(len(BODY)))
def test_body_with_one_byte_changed_is_wrong(position: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= 1
    assert verify(bytes(changed), SIGNATURE, [SECRET]) == "wrong"


@pytest.mark.parametrize("position", range(len(SIGNATURE)))
def test_signature_with_one_character_changed_is_not_valid(position: int) -> None:
    other = "1" if SIGNATURE[position] == "0" else "0"
    changed = SIGNATURE[:position] + other + SIGNATURE[position + 1 :]
    expected = "malformed" if position < len("sha256=") else "wrong"
    assert verify(BODY, changed, [SECRET]) == expected


def test_body_longer_or_shorter_is_wrong() -> None:
    assert verify(BODY + b"\n", SIGNATURE, [SECRET]) == "wrong"
    assert verify(BODY[:-1], SIGNATURE, [SECRET]) == "wrong"


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha1=" + hmac.new(SECRET, BODY, hashlib.sha1).hexdigest(),
        SIGNATURE.replace("sha256=", "sha1="),
        SIGNATURE.removeprefix("sha256="),
        SIGNATURE[:-1],
        SIGNATURE + "0",
        SIGNATURE + "\n",
        SIGNATURE.upper(),
        SIGNATURE[:-1] + "é",
        SIGNATURE[:-1] + "٣",  # a digit, though not one of ASCII
        SIGNATURE + ", " + SIGNATURE,
    ],
)
def test_what_github_never_sends_is_malformed(signature: str | None) -> None:
    assert verify(BODY, signature, [SECRET]) == "malformed"


def test_either_secret_signs_while_it_is_being_changed() -> None:
    assert verify(BODY, SIGNATURE, [b"new", SECRET]) == "valid"
    assert verify(BODY, SIGNATURE, [SECRET, b"old"]) == "valid"
    assert verify(BODY, SIGNATURE, [b"new", b"old"]) == "wrong"


def test_no_secret_and_an_empty_one_accept_nothing() -> None:
    signed_with_nothing = "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert verify(BODY, signed_with_nothing, []) == "wrong"
    assert verify(BODY, signed_with_nothing, [b""]) == "wrong"


def test_secret_has_a_current_and_maybe_a_previous_value() -> None:
    assert parse('{"current": "é", "previous": ""}') == ("é".encode(),)
    assert parse('{"current": "new"}') == (b"new",)
    assert parse('{"current": "new", "previous": "old"}') == (b"new", b"old")


@pytest.mark.parametrize(
    "text",
    ['{"current": "", "previous": "hunter2"}', '{"current": " "}', '{"current": null}', "{}", "[]", "hunter2", '"hunter2"', '{"current": 5}'],
)  # fmt: skip
def test_secret_without_a_current_value_is_refused_and_not_told(text: str) -> None:
    with pytest.raises(WebhookSecretError, match=r"put .*current") as error:
        parse(text)
    assert "hunter2" not in str(error.value)
