"""How often the steps of an upgrade are repeated, and what Step Functions tells of one that failed."""

from __future__ import annotations

import pytest

from control_plane.state_failure import in_words
from local import drain_ahead
from metadata_migrator.request import MOST_DRAIN_MINUTES
from metadata_migrator.step_limits import AWAIT_DEPLOYMENT_SECONDS, LIMITS, pause_seconds

EVENTS_OF_A_LOOK = 9
"""A function's task has five, a choice and a wait two each."""
MOST_EVENTS = 25_000
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


def looks(seconds: float) -> int:
    elapsed, count = 0.0, 0
    while elapsed < seconds:
        elapsed += pause_seconds(elapsed)
        count += 1
    return count


def test_longest_drain_fits_into_the_history_of_an_execution() -> None:
    """Also behind a deployment that takes all the time that it may, with room for functions that are called again."""
    another = sum(LIMITS[step] for step in ("migrate", "roll_back", "restore"))
    waits = (another, LIMITS["settle"], MOST_DRAIN_MINUTES * 60, AWAIT_DEPLOYMENT_SECONDS)
    assert EVENTS_OF_A_LOOK * sum(map(looks, waits)) < 0.97 * MOST_EVENTS


def test_command_asks_for_no_longer_drain_than_is_granted() -> None:
    assert drain_ahead.MOST_HOURS * 60 == MOST_DRAIN_MINUTES


@pytest.mark.parametrize(
    ("error", "cause", "told"),
    [
        ("UpgradeError", '{"errorType": "UpgradeError", "errorMessage": "a reason"}', "a reason"),
        ("States.Timeout", "", "States.Timeout"),
        ("Lambda.Unknown", "exit status 1", "Lambda.Unknown: exit status 1"),
        ("", "[]", "unknown: []"),
    ],
)
def test_failure_is_told_by_its_message(error: str, cause: str, told: str) -> None:
    assert in_words(error, cause) == told
