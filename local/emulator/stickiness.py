"""The load balancer's own cookies, which bind a client to a target or to a target group.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from email.utils import formatdate

EXPIRES_SECONDS = 7 * 24 * 3600
"""The cookies' own expiry: "7 days which is non-configurable"; the duration is kept inside them."""

COOKIES = {
    "lb_cookie": ("AWSALBCORS", "AWSALB"),
    "app_cookie": ("AWSALBAPP-0",),
    "group": ("AWSALBTGCORS", "AWSALBTG"),
    "": (),
}
"""The cookies' names by kind of stickiness. The first counts: "the value in AWSALBCORS will take precedence"."""


@dataclass(frozen=True)
class Stickiness:
    """What a target group's attributes, or a forward action, say of stickiness."""

    kind: str
    """`lb_cookie` or `app_cookie` of a target group, `group` of a forward action, or empty: none."""
    duration_seconds: int = 86400
    application_cookie: str = ""

    @classmethod
    def of(cls, attributes: Mapping[str, str]) -> Stickiness:
        """From a target group's attributes by key."""
        if attributes.get("stickiness.enabled") != "true":
            return NONE
        kind = attributes.get("stickiness.type", "lb_cookie")
        duration = int(attributes.get(f"stickiness.{kind}.duration_seconds", 86400))
        return cls(kind, duration, attributes.get("stickiness.app_cookie.cookie_name", ""))


NONE = Stickiness("")


@dataclass(frozen=True)
class Binding:
    """What a cookie holds: a target of a group, or a group alone (an empty target)."""

    group: str
    target: str
    port: int
    bound_at: int


class Cookies:
    """Writes and reads the cookies. A client can neither read nor change them on AWS; here it can but read them."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, binding: Binding) -> str:
        content = base64.urlsafe_b64encode(json.dumps(asdict(binding)).encode()).decode().rstrip("=")
        return f"{content}.{self._signature(content)}"

    def open(self, value: str, duration_seconds: int, now: float) -> Binding | None:
        """The binding in `value`; None for what this load balancer did not write, or too long ago."""
        content, _, signature = value.partition(".")
        if not hmac.compare_digest(signature, self._signature(content)):
            return None
        binding = Binding(**json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))))
        return binding if now - binding.bound_at < duration_seconds else None

    def find(self, jar: Mapping[str, str], stickiness: Stickiness, now: float) -> Binding | None:
        """Where the request's cookies bind it. With application cookies "clients have to send back both cookies"."""
        if stickiness.kind == "app_cookie" and stickiness.application_cookie not in jar:
            return None
        for name in COOKIES[stickiness.kind]:
            if name in jar:
                return self.open(jar[name], stickiness.duration_seconds, now)
        return None

    def headers(self, binding: Binding, stickiness: Stickiness, *, https: bool) -> list[str]:
        """The Set-Cookie headers that renew a binding. They have `Expires`, and not `Max-Age`."""
        attributes = f"Expires={formatdate(binding.bound_at + EXPIRES_SECONDS, usegmt=True)}; Path=/"
        cross_origin = "; SameSite=None" + ("; Secure" if https else "")
        return [
            f"{name}={self.seal(binding)}; {attributes}" + (cross_origin if name.endswith("CORS") else "")
            for name in COOKIES[stickiness.kind]
        ]

    def _signature(self, content: str) -> str:
        return hmac.new(self._key, content.encode(), hashlib.sha256).hexdigest()
