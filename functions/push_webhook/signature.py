"""Whether a request is GitHub's: the HMAC of its body under a secret that both sides know.

Source: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Literal

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)


def verify(body: bytes, signature: str | None, secrets: Iterable[bytes]) -> Literal["valid", "malformed", "wrong"]:
    """Judge the header X-Hub-Signature-256 over the body exactly as it was sent, by any of `secrets`.

    "malformed" is what GitHub never sends: no header, SHA-1, another length. "wrong" is a forgery, or another secret.
    """
    found = _SIGNATURE.fullmatch(signature or "")
    if found is None:
        return "malformed"
    # As bytes: of two texts, `compare_digest` takes ASCII only.
    sent = found.group(1).encode()
    expected = [hmac.new(secret, body, hashlib.sha256).hexdigest().encode() for secret in secrets if secret]
    return "valid" if any(hmac.compare_digest(sent, digest) for digest in expected) else "wrong"
