"""When SQS is asked again after it failed, and what is logged of an outage."""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 20.0
"""As long as an idle worker's long poll: an outage costs no more requests than idling, and its end is seen soon."""
LOG_SECONDS = 60.0


@dataclass(frozen=True)
class Failure:
    """Stands in the place of an answer of SQS that did not come, or was a refusal."""

    reason: str


@dataclass(frozen=True)
class Outage:
    """Failures in a row; times are a monotonic clock's."""

    since: float
    failures: int = 0
    logged_at: float | None = None


@dataclass(frozen=True)
class NextTry:
    """What follows a failure. `message` is None while the outage was logged lately."""

    outage: Outage
    delay_seconds: float
    message: str | None


def after_failure(outage: Outage | None, failure: Failure, now: float, chance: float) -> NextTry:
    """Doubling delays up to the longest, each shortened by up to half, so that workers do not ask in step.

    `chance` is in [0, 1).
    """
    outage = outage or Outage(since=now)
    outage = replace(outage, failures=outage.failures + 1)
    doubled = FIRST_DELAY_SECONDS * 2.0 ** min(outage.failures - 1, 10)
    delay = min(doubled, LONGEST_DELAY_SECONDS) * (1.0 - chance / 2.0)
    if outage.logged_at is not None and now - outage.logged_at < LOG_SECONDS:
        return NextTry(outage, delay, None)
    message = (
        f"the work queue failed, the {outage.failures}. time in a row in {now - outage.since:.0f} s: {failure.reason}"
    )
    return NextTry(replace(outage, logged_at=now), delay, message)


def end_of(outage: Outage, now: float) -> str:
    """What is logged when SQS answers again."""
    return f"the work queue answers again, after {outage.failures} failures in {now - outage.since:.0f} s"


PASSING_CODES = (
    "AccessDenied",
    "ExpiredToken",
    "InvalidClientTokenId",
    "NonExistentQueue",
    "QueueDoesNotExist",
    "Throttl",
)
"""Parts of error codes that say nothing of the message that was sent: a right, a key or a quota that comes back."""


def may_pass(status: int, code: str) -> bool:
    """Whether the same message may be sent with more success later."""
    return status >= 500 or status in (403, 429) or any(part in code for part in PASSING_CODES)
