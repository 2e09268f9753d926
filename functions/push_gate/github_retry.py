"""Whether to ask GitHub again, and when.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping

LIMITED_SECONDS = 60.0
"""GitHub asks for a minute at least where it names no time, and for longer each time."""

BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 30.0


def seconds_to_wait(
    attempt: int, status: int | None, headers: Mapping[str, str], body: bytes, now: float
) -> float | None:
    """Seconds until the next attempt, or None where the answer would stay the same.

    `attempt` counts from 0; `status` None is no answer at all; header names are in lower case; `now` is in seconds
    since 1970.
    """
    if status is None or status >= 500:
        backoff = min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2.0**attempt)
        return max(backoff, _number(headers.get("retry-after")) or 0.0)
    if not is_rate_limit(status, headers, body):
        return None
    asked = _number(headers.get("retry-after"))
    if asked is not None:
        return max(asked, BACKOFF_SECONDS)
    reset = _number(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return max(reset - now, BACKOFF_SECONDS)
    return LIMITED_SECONDS * 2.0**attempt


def is_rate_limit(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """403 means both "too often" and "not allowed": only the first one passes."""
    if status == 429:
        return True
    if status != 403:
        return False
    named = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return named or b"rate limit" in body[:2000].lower()


def _number(text: str | None) -> float | None:
    """None where the header is missing, or a date, which GitHub does not send."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
