"""What an upgrade asks of the workers: `control_plane.worker_scaling.hold`."""

from dataclasses import replace

import pytest

from control_plane.worker_scaling.fleet import Fleet, Order, Phase, Worker
from control_plane.worker_scaling.hold import (
    NEW_REVISION_SECONDS,
    Hold,
    decide_where_off,
    drain_all,
    revision_where_off,
)
from control_plane.worker_scaling.rollout import RolledOut, Rollout

NOW = 1_000_000.0
PROTECTED = NOW + 24 * 3600
BUSY = Worker("busy", Phase.ACCEPTING, active=4, protected_until=PROTECTED)
IDLE = Worker("idle", Phase.ACCEPTING, protected_until=PROTECTED, idle_since=NOW)
DRAINING = Worker("draining", Phase.DRAINING, Order.DRAIN, active=1, protected_until=PROTECTED)
DRAINED = Worker("drained", Phase.DRAINED, Order.DRAIN, protected_until=PROTECTED, idle_since=NOW)
STARTING = Worker("starting", Phase.STARTING, protected_until=PROTECTED)
LEAVING = Worker("leaving", Phase.LEAVING, Order.LEAVE)


def test_all_are_told_to_drain_also_who_is_full_or_only_starts() -> None:
    decision = drain_all(Fleet(5, (BUSY, IDLE, STARTING)), NOW)
    assert decision.orders == dict.fromkeys(("busy", "idle", "starting"), Order.DRAIN)
    assert decision.desired == 3, "two have not begun, and are taken back"
    assert decision.needed == 0


def test_who_is_drained_leaves_and_the_count_is_lowered_for_it_alone() -> None:
    decision = drain_all(Fleet(3, (DRAINING, DRAINED, LEAVING)), NOW)
    assert decision.orders == {"drained": Order.LEAVE}
    assert decision.desired == 1


def test_nobody_is_let_go_while_another_s_protection_could_end() -> None:
    """ECS chooses among those that are not protected."""
    decision = drain_all(Fleet(2, (replace(BUSY, order=Order.DRAIN, protected_until=NOW + 60), DRAINED)), NOW)
    assert decision.orders == {}
    assert decision.desired == 2
    assert "busy is not protected" in decision.reason


def test_nobody_is_taken_back_while_another_s_protection_could_end() -> None:
    """It runs already, and a lower count might stop the other instead."""
    waiting = replace(STARTING, id="waiting", has_reported=False)
    decision = drain_all(Fleet(2, (replace(DRAINING, protected_until=NOW), waiting)), NOW)
    assert (decision.desired, decision.orders) == (2, {})


def test_who_is_silent_is_counted_and_not_told() -> None:
    """It may run tasks; the upgrade waits for it, and is given up at last."""
    decision = drain_all(Fleet(1, (replace(BUSY, is_lost=True),)), NOW)
    assert decision.orders == {}
    assert decision.desired == 1


def test_nobody_is_left_at_the_end() -> None:
    assert drain_all(Fleet(0), NOW).desired == 0


def test_who_never_reported_is_taken_back() -> None:
    """It may wait for the very upgrade that it would hold up."""
    waiting = replace(STARTING, id="waiting", has_reported=False)
    decision = drain_all(Fleet(2, (waiting, STARTING)), NOW)
    assert decision.orders == {"starting": Order.DRAIN}
    assert decision.desired == 1


LIFTED = Hold(at=NOW - 60, until=NOW - 60, counts={"workers": 5}, brings_revision=True)


@pytest.mark.parametrize("workers", [(), (BUSY,), (BUSY, DRAINING, DRAINED, LEAVING)], ids=["none", "one", "some"])
def test_afterwards_there_are_as_many_as_before_and_those_that_stayed_accept_again(workers: tuple[Worker, ...]) -> None:
    fleet = Fleet(sum(worker is not LEAVING for worker in workers), workers)
    decision = decide_where_off(fleet, LIFTED, "workers", NOW, is_followed=False)
    assert decision.desired == 5
    assert decision.orders == {worker.id: Order.ACCEPT for worker in workers if worker.order is Order.DRAIN}


@pytest.mark.parametrize(("protected_until", "desired"), [(PROTECTED, 1), (NOW + 60, 3)], ids=["all", "not for long"])
def test_who_counted_less_than_are_protected_has_that_count_again(protected_until: float, desired: int) -> None:
    """The hold set the count to those that were there, and the upgrade was given up."""
    lifted = Hold(at=NOW - 60, until=NOW - 60, counts={"workers": 1})
    fleet = Fleet(3, (BUSY, DRAINING, replace(DRAINED, protected_until=protected_until)))
    decision = decide_where_off(fleet, lifted, "workers", NOW, is_followed=False)
    assert (decision.needed, decision.desired) == (1, desired)
    assert ("drained is not protected" in decision.reason) == (desired == 3)


def test_service_that_the_hold_did_not_know_keeps_its_count() -> None:
    assert decide_where_off(Fleet(2, (BUSY,)), LIFTED, "another", NOW, is_followed=False).desired == 2


@pytest.mark.parametrize("desired", [0, 1, 7])
def test_once_followed_the_workers_are_their_owner_s_again(desired: int) -> None:
    decision = decide_where_off(Fleet(desired, (BUSY, DRAINED)), LIFTED, "workers", NOW, is_followed=True)
    assert (decision.desired, decision.orders) == (desired, {})


@pytest.mark.parametrize(
    ("told", "is_told"),
    [
        (None, True),
        (RolledOut("group:7", LIFTED.at - 900), True),
        (RolledOut("group:8", LIFTED.at - 900), True),
        (RolledOut("group:7", LIFTED.at + 30), True),
        (RolledOut("group:8", LIFTED.at + 30), False),
    ],
    ids=["never told", "another one before", "the same before", "another one since", "the same since"],
)
def test_lately_after_a_hold_each_new_revision_is_told_once(told: RolledOut | None, *, is_told: bool) -> None:
    """A deployment before may have left one that was never told: that one comes first, and then the upgrade's own."""
    rollout = Rollout(served="group:6", newest="group:8", told=told)
    assert revision_where_off(rollout, LIFTED, NOW) == ("group:8" if is_told else "")
    assert revision_where_off(rollout, LIFTED, NOW + NEW_REVISION_SECONDS) == ""
    assert revision_where_off(rollout, Hold(), NOW) == ""


def test_revision_that_was_taken_back_is_exchanged_for_the_one_before_whenever_it_is() -> None:
    rollout = Rollout(served="group:10", newest="group:9", told=RolledOut("group:10", NOW - 9999))
    assert revision_where_off(rollout, Hold(), NOW) == "group:9"
    of_another_family = replace(rollout, served="owner-s:10")
    assert revision_where_off(of_another_family, Hold(), NOW) == ""


@pytest.mark.parametrize(
    ("hold", "stands", "has_brought_revision"),
    [
        (Hold(), False, False),
        (Hold(is_asked=True, at=NOW - 60, until=NOW + 60), True, False),
        (Hold(is_asked=True, at=NOW - 900, until=NOW - 60), False, False),
        (Hold(at=NOW - 60, until=NOW - 60), False, False),
        (Hold(at=NOW - 60, until=NOW - 60, brings_revision=True), False, True),
        (Hold(at=NOW - 2 * NEW_REVISION_SECONDS, brings_revision=True), False, False),
    ],
    ids=["never", "asked", "forgotten", "given up", "lifted", "lifted long ago"],
)
def test_hold_ends_by_itself_and_one_that_was_lifted_for_a_deployment_brings_its_revision_for_a_while(
    hold: Hold, *, stands: bool, has_brought_revision: bool
) -> None:
    assert hold.stands(NOW) is stands
    assert hold.has_brought_revision(NOW) is has_brought_revision
