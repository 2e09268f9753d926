"""A worker's life: when it may poll, when it asks for protection, and when it gives it up. A pure decision.

It takes protection before its first poll, shuts its gate before it drains, and gives its protection up last: whoever is
stopped by a scale-in or a deployment has no task, no message and no open poll. docs/scaling.md has the phases.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PROTECTION_SECONDS = 24 * 3600.0
RENEW_SECONDS = 3600.0
"""How long after it was taken protection is taken anew: an outage of the agent may last almost a day."""
RESERVE_SECONDS = 600.0
"""Protection that lasts no longer than this counts for none."""


class Phase(StrEnum):
    """How far the worker is, as it reports."""

    STARTING = "starting"
    ACCEPTING = "accepting"
    DRAINING = "draining"
    DRAINED = "drained"
    LEAVING = "leaving"


class Order(StrEnum):
    """What the worker was told last; told nothing, it accepts."""

    ACCEPT = "accept"
    DRAIN = "drain"
    LEAVE = "leave"


class Gate(StrEnum):
    """What may come from the queue."""

    OPEN = "open"
    SHUT = "shut"
    """No poll begins. What an open one still brings is run."""
    GIVING_BACK = "giving back"
    """No poll begins, and what an open one still brings goes back to the queue."""


@dataclass(frozen=True)
class Facts:
    """What a worker sees of itself. Times are seconds since 1970."""

    now: float
    order: Order
    protected_until: float
    """0 without protection; infinite where none is needed."""
    polls: int
    """Open ones, and those whose messages are being taken in."""
    in_hand: int
    """Tasks that run or wait for a slot of this worker."""
    was_told_to_stop: bool = False
    """By SIGTERM."""


@dataclass(frozen=True)
class Step:
    """What follows."""

    phase: Phase
    gate: Gate
    protect: bool = False
    """Take protection, or take it anew."""
    give_up_protection: bool = False


def next_step(phase: Phase, gate: Gate, facts: Facts) -> Step:
    """The next step of a worker that is in `phase` with its gate as it is.

    `facts` were seen while the gate was as `gate` says: with it shut, no poll can have begun since.
    """
    if phase is Phase.LEAVING:
        return Step(Phase.LEAVING, Gate.GIVING_BACK, give_up_protection=facts.protected_until > 0)
    is_empty = gate is not Gate.OPEN and facts.polls == 0 and facts.in_hand == 0
    emptying = Phase.DRAINED if is_empty else Phase.DRAINING
    renew = facts.protected_until < facts.now + PROTECTION_SECONDS - RENEW_SECONDS
    if facts.was_told_to_stop:
        return Step(emptying, Gate.GIVING_BACK, protect=renew)
    if facts.protected_until <= facts.now + RESERVE_SECONDS:
        return Step(Phase.STARTING if phase is Phase.STARTING else emptying, Gate.GIVING_BACK, protect=True)
    if facts.order is Order.ACCEPT:
        return Step(Phase.ACCEPTING, Gate.OPEN, protect=renew)
    if facts.order is Order.LEAVE and is_empty:
        return Step(Phase.LEAVING, Gate.GIVING_BACK, give_up_protection=True)
    return Step(emptying, Gate.SHUT, protect=renew)
