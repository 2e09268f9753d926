"""How far a group is with its newest revision, told from ECS's description of its service."""

from datetime import UTC, datetime
from typing import Any

import pytest

from control_plane.worker_scaling.rollout import TRIAL_SECONDS, RolledOut, rollout

NOW = 1_000_000.0
OLD, NEW = "worker:1", "worker:2"
BEFORE, AFTER = NOW - 300, NOW - 100
TOLD = RolledOut(NEW, NOW - 200)


def service(runs: str, updated_at: float = BEFORE, state: str = "COMPLETED", created_at: float = BEFORE) -> Any:
    """As ECS describes it, with the old deployment that it still drains."""
    primary = {"status": "PRIMARY", "taskDefinition": runs, "rolloutState": state}
    moments = {
        "createdAt": datetime.fromtimestamp(created_at, UTC),
        "updatedAt": datetime.fromtimestamp(updated_at, UTC),
    }
    return {
        "taskDefinition": runs,
        "deployments": [{"status": "ACTIVE", "taskDefinition": OLD}, {**primary, **moments}],
    }


@pytest.mark.parametrize(
    ("seen", "told", "is_due", "was_taken_back", "current"),
    [
        pytest.param(service(NEW), TOLD, False, False, NEW, id="it runs what it should"),
        pytest.param(service(OLD), None, True, False, NEW, id="it was never told"),
        pytest.param(service(OLD), RolledOut(OLD, NOW - 200), True, False, NEW, id="it was told the one before"),
        pytest.param(service(OLD, BEFORE), TOLD, True, False, NEW, id="an answer from before it was told"),
        pytest.param(service(OLD, AFTER), TOLD, False, True, OLD, id="its circuit breaker took it back"),
        pytest.param(service(NEW, AFTER), TOLD, False, False, NEW, id="a later deployment of the newest"),
    ],
)
def test_newest_revision_is_due_until_it_is_served_or_taken_back(
    seen: Any, told: RolledOut | None, is_due: bool, was_taken_back: bool, current: str
) -> None:
    found = rollout(seen, NEW, told, NOW)
    assert (found.is_due, found.was_taken_back, found.current) == (is_due, was_taken_back, current)


@pytest.mark.parametrize(
    ("seen", "is_on_trial"),
    [
        (service(NEW), False),
        (service(NEW, state="FAILED"), False),
        (service(NEW, state="IN_PROGRESS"), True),
        (service(NEW, state="IN_PROGRESS", created_at=NOW - TRIAL_SECONDS), False),
    ],
)
def test_trial_is_as_long_as_the_deployment_but_has_an_end(seen: Any, is_on_trial: bool) -> None:
    assert rollout(seen, NEW, TOLD, NOW).is_on_trial is is_on_trial


@pytest.mark.parametrize(
    ("runs", "told", "is_unrecorded"),
    [(NEW, None, True), (NEW, RolledOut(OLD, NOW), True), (NEW, TOLD, False), (OLD, None, False)],
)
def test_revision_that_the_service_has_without_being_told_is_to_be_recorded(
    runs: str, told: RolledOut | None, is_unrecorded: bool
) -> None:
    """Else a rollback of it, later, would be taken for one that is due."""
    assert rollout(service(runs), NEW, told, NOW).is_unrecorded is is_unrecorded
