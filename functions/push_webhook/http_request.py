"""A request to a function URL, payload format 2.0.

Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class BodyError(ValueError):
    """The body is not what its flag says."""


@dataclass(frozen=True)
class HttpRequest:
    """`headers` have lower-case names, as HTTP does not tell cases apart."""

    method: str
    headers: Mapping[str, str]
    encoded_body: str
    is_base64: bool

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> HttpRequest:
        """Raises KeyError when `event` is no request to a function URL."""
        return cls(
            method=event["requestContext"]["http"]["method"],
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            encoded_body=event.get("body") or "",
            is_base64=bool(event.get("isBase64Encoded")),
        )

    @property
    def least_body_bytes(self) -> int:
        """What the body has at least, known without decoding it."""
        return len(self.encoded_body) // 4 * 3 - 2 if self.is_base64 else len(self.encoded_body)

    def body(self) -> bytes:
        """As it was sent, which is what GitHub signed. Raises `BodyError`."""
        if not self.is_base64:
            return self.encoded_body.encode(errors="surrogatepass")
        try:
            return base64.b64decode(self.encoded_body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BodyError(f"the body is no base64: {error}") from None

    @property
    def media_type(self) -> str:
        """Of Content-Type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()
