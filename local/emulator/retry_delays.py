"""Step Functions waits no longer before a retry than its `MaxDelaySeconds` says; the emulator knows a minute alone.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-retrying-after-an-error
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import stepfunctions

find_retrier = stepfunctions._find_matching_retrier


def find_with_delay(
    retriers: Sequence[dict[str, Any]], error: str, retry_counts: Mapping[int, int]
) -> tuple[dict[str, Any] | None, int]:
    """As the emulator's own; the retrier's interval is the one of the retry that comes next."""
    retrier, index = find_retrier(retriers, error, retry_counts)
    if retrier is None or "MaxDelaySeconds" not in retrier:
        return retrier, index
    delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retry_counts.get(index, 0)
    return {**retrier, "IntervalSeconds": min(delay, retrier["MaxDelaySeconds"]), "BackoffRate": 1}, index


def install() -> None:
    stepfunctions._find_matching_retrier = find_with_delay
