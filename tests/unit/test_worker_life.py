"""A worker's next step as a table; `test_worker_protocol_model` tries what the steps come to."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from control_plane.worker_scaling import fleet
from farflow.worker_life import (
    PROTECTION_SECONDS,
    RENEW_SECONDS,
    RESERVE_SECONDS,
    Facts,
    Gate,
    Order,
    Phase,
    Step,
    next_step,
)

NOW = 1_000_000.0
FRESH = NOW + PROTECTION_SECONDS
OPEN, SHUT, BACK = Gate.OPEN, Gate.SHUT, Gate.GIVING_BACK
WELL = Facts(NOW, Order.ACCEPT, FRESH, polls=0, in_hand=0)
DRAIN, LEAVE = replace(WELL, order=Order.DRAIN), replace(WELL, order=Order.LEAVE)
BARE = replace(WELL, protected_until=0.0)


@pytest.mark.parametrize(
    ("phase", "gate", "facts", "step"),
    [
        # Protection comes before the first poll.
        (Phase.STARTING, SHUT, BARE, Step(Phase.STARTING, BACK, protect=True)),
        (Phase.STARTING, BACK, WELL, Step(Phase.ACCEPTING, OPEN)),
        (Phase.STARTING, BACK, replace(WELL, protected_until=math.inf), Step(Phase.ACCEPTING, OPEN)),
        (Phase.STARTING, BACK, DRAIN, Step(Phase.DRAINED, SHUT)),
        # It is renewed while it lasts, and what is left of it when it cannot be counts for none.
        (Phase.ACCEPTING, OPEN, replace(WELL, polls=1), Step(Phase.ACCEPTING, OPEN)),
        (
            Phase.ACCEPTING,
            OPEN,
            replace(WELL, protected_until=FRESH - RENEW_SECONDS - 1),
            Step(Phase.ACCEPTING, OPEN, protect=True),
        ),
        (
            Phase.ACCEPTING,
            OPEN,
            replace(WELL, protected_until=NOW + RESERVE_SECONDS),
            Step(Phase.DRAINING, BACK, protect=True),
        ),
        (Phase.DRAINING, BACK, replace(BARE, in_hand=1), Step(Phase.DRAINING, BACK, protect=True)),
        (Phase.DRAINING, BACK, BARE, Step(Phase.DRAINED, BACK, protect=True)),
        # It is drained when its gate was shut, no poll is open and no task is left: in this order.
        (Phase.ACCEPTING, OPEN, DRAIN, Step(Phase.DRAINING, SHUT)),
        (Phase.DRAINING, SHUT, replace(DRAIN, polls=1), Step(Phase.DRAINING, SHUT)),
        (Phase.DRAINING, SHUT, replace(DRAIN, in_hand=1), Step(Phase.DRAINING, SHUT)),
        (Phase.DRAINING, SHUT, DRAIN, Step(Phase.DRAINED, SHUT)),
        (Phase.DRAINED, SHUT, WELL, Step(Phase.ACCEPTING, OPEN)),
        # To leave is to drain first.
        (Phase.ACCEPTING, OPEN, LEAVE, Step(Phase.DRAINING, SHUT)),
        (Phase.DRAINING, SHUT, replace(LEAVE, in_hand=1), Step(Phase.DRAINING, SHUT)),
        (Phase.DRAINED, SHUT, LEAVE, Step(Phase.LEAVING, BACK, give_up_protection=True)),
        (Phase.LEAVING, BACK, WELL, Step(Phase.LEAVING, BACK, give_up_protection=True)),
        (Phase.LEAVING, BACK, BARE, Step(Phase.LEAVING, BACK)),
        # Told to stop, it keeps its protection, and takes nothing more.
        (Phase.ACCEPTING, OPEN, replace(WELL, was_told_to_stop=True), Step(Phase.DRAINING, BACK)),
        (Phase.DRAINING, BACK, replace(WELL, was_told_to_stop=True), Step(Phase.DRAINED, BACK)),
        (Phase.STARTING, SHUT, replace(BARE, was_told_to_stop=True), Step(Phase.DRAINED, BACK, protect=True)),
    ],
)
def test_next_step(phase: Phase, gate: Gate, facts: Facts, step: Step) -> None:
    assert next_step(phase, gate, facts) == step


def test_worker_and_scaler_use_the_same_words() -> None:
    assert [each.value for each in Phase] == [each.value for each in fleet.Phase]
    assert [each.value for each in Order] == [each.value for each in fleet.Order]
