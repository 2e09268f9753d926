"""When `workload_metrics` looks again within its minute."""

from __future__ import annotations

TICK_SECONDS = 10.0
MINUTE_SECONDS = 60.0


def next_tick(began: float, now: float, *, busy: bool) -> float | None:
    """When to look again, on the clock of the arguments; None when the next minute's invocation does.

    While there is work, or workers, each ten seconds since the beginning; a look that took longer skips those it missed.
    """
    if not busy:
        return None
    following = began + TICK_SECONDS * (1 + (now - began) // TICK_SECONDS)
    return following if following < began + MINUTE_SECONDS else None
