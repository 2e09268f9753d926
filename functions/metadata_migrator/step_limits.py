"""How long each step may take, and how long workers stay away for it: pure decisions. Times are seconds."""

from __future__ import annotations

from collections.abc import Mapping

from .record import Record

FORWARD = ("settle", "compare", "pause_scheduling", "drain", "stop_services", "snapshot", "migrate")
"""Steps that may be left before the database moves."""
STOPPED = ("stop_services", "snapshot")
"""Of those the ones for which everything is stopped, and nothing was thrown away yet."""
STOP_SECONDS = 600.0
"""For services without running tasks; Fargate ends a container within two minutes."""
AWAIT_DEPLOYMENT_SECONDS = 3600.0
"""So long nobody works for the sake of a deployment that has not come."""
LIMITS = {"settle": 3600.0, "migrate": 3 * 3600.0, "roll_back": 3 * 3600.0, "restore": 6 * 3600.0}
"""After which a step counts as one that hangs: where the database is moved, the next way back is tried."""
UNMOVED_SECONDS = 50 * 60.0
"""By then the database moves, or all goes back while CloudFormation still waits. One that moves is not interrupted: when
CloudFormation gives up meanwhile, it asks for the version before, whose turn comes next."""

DRAINED_HOLD_SECONDS = 2 * 3600.0
"""An execution that was aborted while it only drained holds up what is queued no longer than this."""
STOPPED_HOLD_SECONDS = 30 * 24 * 3600.0
"""Whoever came while the Execution API is stopped, or the database between two revisions, would fail its tasks: only the
start of the services lets workers come."""
STARTING_HOLD_SECONDS = 600.0
"""Longer than the start of the services is tried again: workers that were left held by one that was aborted there come then."""
HELD = {
    "settle": DRAINED_HOLD_SECONDS,
    "await_deployment": DRAINED_HOLD_SECONDS,
    "stop_services": STOPPED_HOLD_SECONDS,
    "snapshot": STOPPED_HOLD_SECONDS,
    "migrate": STOPPED_HOLD_SECONDS,
    "roll_back": STOPPED_HOLD_SECONDS,
    "restore": STOPPED_HOLD_SECONDS,
}
"""By step that workers must stay away from, how long they do when it is the last one. A drain asks for itself."""

SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 2, 60


def too_long(step: str, record: Record, now: float, *, for_deployment: bool) -> str:
    """Why the step may not go on, in words; empty while it may. `now` is since 1970."""
    if step in LIMITS and now > record.since[step] + LIMITS[step]:
        return f"it has not ended after {LIMITS[step] / 3600:.0f} hours"
    is_unmoved = step in FORWARD and "migrate" not in record.tasks and not record.has_moved
    if is_unmoved and for_deployment and now > record.began_at + UNMOVED_SECONDS:
        return f"it has not ended after {UNMOVED_SECONDS / 60:.0f} minutes, and CloudFormation waits for an hour"
    return ""


def drained_too_long(workers: Mapping[str, int], waiting: int, minutes: int, *, for_deployment: bool) -> str:
    """Why a drain is given up after so many minutes, in words: of the worker services, how many are left, and of tasks."""
    alive = ", ".join(f"{count} of {service}" for service, count in workers.items())
    left = [f"workers still ran tasks ({alive})"] if alive else []
    left += [f"{waiting} tasks waited in the queue"] if waiting else []
    waited, advice = f"{minutes / 60:g} h", "Try again when they have ended, or with more hours"
    if for_deployment:
        waited = f"{minutes} minutes"
        advice = (
            "Deploy again when they have ended, by `make upgrade`, which waits for hours, or raise UpgradeDrainMinutes"
        )
    return f"after {waited} {' and '.join(left)}; none was ended. {advice}"


def pause_seconds(elapsed: float) -> int:
    """Until a step is taken again that has taken so long: the longer, the longer, for a history holds 25,000 events.

    A Wait state takes whole ones alone.
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    return min(LONGEST_PAUSE_SECONDS, max(SHORTEST_PAUSE_SECONDS, int(elapsed // 20)))
