"""One step of `worker_scaler`: what it observes, decides, and does, in which order, and what it leaves when something fails."""

from contextlib import nullcontext
from typing import Any

import pytest

from control_plane.worker_scaling.fleet import Order, Phase
from control_plane.worker_scaling.group import WorkerGroup
from control_plane.worker_scaling.hold import Hold
from control_plane.worker_scaling.scaling_state import ScalingState
from control_plane.worker_scaling.worker_service import (
    FIRST_COLD_START_SECONDS,
    LONGEST_START_SECONDS,
    ServiceMissingError,
    WorkerService,
    typical_cold_start,
    with_new_cold_starts,
)
from control_plane.worker_scaling.workload import Running, Work, Workload
from tests.integration.worker_scaling.ecs_service import FAMILY, NOW, SERVICE, EcsService, revision
from worker_scaler.scaling import Scaling, Step

GROUP = WorkerGroup("default", "https://sqs/default", SERVICE, FAMILY, 4, 0, 10, "economy")


@pytest.fixture
def scaling(ecs: Any, state: ScalingState) -> Scaling:
    return Scaling(ecs, "farflow", state, GROUP, lambda: NOW)


def step(scaling: Scaling) -> Step:
    done = scaling.step()
    assert done is not None
    return done


def test_work_brings_workers_from_zero(scaling: Scaling, state: ScalingState, ecs: EcsService) -> None:
    state.save_workload("default", Workload(NOW, waiting=(Work(NOW, 300.0, 8),)))
    assert step(scaling).decision.needed == 2
    assert ecs.desired == 2


def test_second_invocation_at_the_same_moment_changes_nothing(
    scaling: Scaling, state: ScalingState, ecs: EcsService
) -> None:
    state.save_workload("default", Workload(NOW, waiting=(Work(NOW, 300.0, 8),)))
    step(scaling)
    step(scaling)
    assert len(ecs.updates) == 1


def test_nobody_acts_while_another_has_the_lease(scaling: Scaling, state: ScalingState, ecs: EcsService) -> None:
    state.save_workload("default", Workload(NOW, waiting=(Work(NOW, 300.0, 8),)))
    assert state.acquire("default", NOW, 90)
    assert scaling.step() is None
    assert not ecs.updates


def test_idle_workers_go_one_by_one_by_the_protocol(scaling: Scaling, state: ScalingState, ecs: EcsService) -> None:
    """Told to drain; when they are drained and were idle for long enough, the count is lowered and they are told to leave."""
    ecs.desired = 2
    for name in ("a", "b"):
        ecs.start(name, phase=Phase.ACCEPTING, idle_since=NOW - 300)
    state.save_workload("default", Workload(NOW))
    step(scaling)
    assert (ecs.order_of("a"), ecs.order_of("b")) == ("drain", "drain")
    assert not ecs.updates
    ecs.report("a", phase=Phase.DRAINED, idle_since=NOW - 300)
    step(scaling)
    assert (ecs.desired, ecs.order_of("a"), ecs.order_of("b")) == (1, "leave", "drain")


OFF = WorkerGroup("default", "https://sqs/default", SERVICE, FAMILY, 4, 1, 10, "off")


@pytest.mark.parametrize("group", [GROUP, OFF], ids=["counted", "off"])
def test_hold_of_an_upgrade_drains_all_whatever_there_is_to_do(
    state: ScalingState, dynamodb: Any, ecs: EcsService, group: WorkerGroup
) -> None:
    """Also where a rollout is due: that would ask for one more."""
    state.hold.save(Hold(is_asked=True, at=NOW, until=NOW + 600))
    ecs.desired, ecs.newest = 3, revision(2)
    ecs.start("a", phase=Phase.ACCEPTING, active=4)
    ecs.start("b", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW)
    state.save_workload("default", Workload(NOW, waiting=(Work(NOW, 300.0, 80),)))
    step(Scaling(ecs, "farflow", state, group, lambda: NOW))  # type: ignore[arg-type]
    assert (ecs.desired, ecs.order_of("a"), ecs.order_of("b")) == (1, "drain", "leave")
    assert all("taskDefinition" not in update for update in ecs.updates)


def test_after_a_hold_a_group_that_is_off_accepts_again_and_gets_the_new_revision(
    state: ScalingState, dynamodb: Any, ecs: EcsService
) -> None:
    state.hold.save(Hold(at=NOW - 60, until=NOW - 60, brings_revision=True))
    ecs.desired, ecs.newest = 1, revision(2)
    ecs.start("a", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW)
    step(Scaling(ecs, "farflow", state, OFF, lambda: NOW))  # type: ignore[arg-type]
    assert (ecs.desired, ecs.order_of("a")) == (1, "accept")
    assert ecs.updates[-1]["taskDefinition"].endswith(":2")


def test_after_that_a_group_that_is_off_is_left_alone(state: ScalingState, ecs: EcsService) -> None:
    """A count, an order or a revision that its owner gives stays, until there is another hold."""
    scaling = Scaling(ecs, "farflow", state, OFF, lambda: NOW)  # type: ignore[arg-type]
    state.hold.save(Hold(at=NOW - 60, until=NOW - 60, counts={SERVICE: 3}))
    ecs.newest = revision(2)
    ecs.start("a", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW)
    step(scaling)
    assert ecs.desired == 3
    ecs.desired, ecs.served = 2, revision(1)
    ecs.start("b", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW)
    updates = len(ecs.updates)
    step(scaling)
    assert (ecs.desired, ecs.order_of("b"), len(ecs.updates)) == (2, "drain", updates)
    state.hold.save(Hold(at=NOW - 30, until=NOW - 30, counts={SERVICE: 3}))
    step(scaling)
    assert (ecs.desired, ecs.order_of("b")) == (3, "accept")


def test_upgrade_s_own_revision_comes_after_one_that_was_never_told(state: ScalingState, ecs: EcsService) -> None:
    """A deployment of before leaves an off group's service at the older one, and the hold ends before the new one is there."""
    scaling = Scaling(ecs, "farflow", state, OFF, lambda: NOW)  # type: ignore[arg-type]
    state.hold.save(Hold(at=NOW - 60, until=NOW - 60, counts={SERVICE: 1}, brings_revision=True))
    for number in (2, 3):
        ecs.newest = revision(number)
        step(scaling)
        assert ecs.updates[-1]["taskDefinition"] == revision(number)
    assert "desiredCount" not in ecs.updates[-1], "whoever sets it at that moment is heard"


def test_group_that_is_off_has_its_workers_back_however_late_the_scaler_is(
    state: ScalingState, ecs: EcsService
) -> None:
    state.hold.save(Hold(at=NOW - 86_400, until=NOW - 86_400, counts={SERVICE: 2}))
    ecs.start("a", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW)
    step(Scaling(ecs, "farflow", state, OFF, lambda: NOW))  # type: ignore[arg-type]
    assert (ecs.desired, ecs.order_of("a")) == (2, "accept")


def test_count_that_could_not_be_lowered_after_a_hold_is_lowered_when_it_can_be(
    state: ScalingState, ecs: EcsService
) -> None:
    state.hold.save(Hold(at=NOW - 60, until=NOW - 60, counts={SERVICE: 1}))
    ecs.desired = 2
    ecs.start("a", phase=Phase.ACCEPTING, active=4)
    ecs.start("b", phase=Phase.ACCEPTING, active=4, protected_until=NOW + 60)
    scaling = Scaling(ecs, "farflow", state, OFF, lambda: NOW)  # type: ignore[arg-type]
    step(scaling)
    assert ecs.desired == 2
    ecs.report("b", phase=Phase.ACCEPTING, active=4)
    step(scaling)
    assert ecs.desired == 1
    ecs.desired = 2
    step(scaling)
    assert ecs.desired == 2, "it is its owner's again"


def test_preset_that_becomes_off_after_a_hold_keeps_the_count_that_it_had(state: ScalingState, ecs: EcsService) -> None:
    state.hold.save(Hold(at=NOW - 60, until=NOW - 60, counts={SERVICE: 6}))
    state.save_workload("default", Workload(NOW, waiting=(Work(NOW, 300.0, 4),)))
    step(Scaling(ecs, "farflow", state, GROUP, lambda: NOW))  # type: ignore[arg-type]
    assert ecs.desired == 1
    step(Scaling(ecs, "farflow", state, OFF, lambda: NOW))  # type: ignore[arg-type]
    assert ecs.desired == 1


def test_withdrawn_revision_that_the_owner_ordered_is_exchanged(state: ScalingState, ecs: EcsService) -> None:
    """The scaler told the one before, and remembers what it sees since."""
    scaling = Scaling(ecs, "farflow", state, OFF, lambda: NOW)  # type: ignore[arg-type]
    state.hold.save(Hold(at=NOW - 60, until=NOW - 60, brings_revision=True))
    ecs.newest = revision(2)
    step(scaling)
    ecs.served = ecs.newest = revision(3)
    step(scaling)
    ecs.newest, ecs.deployed_at = revision(2), NOW + 60
    assert step(scaling).rolled_out == revision(2)


def test_hold_that_was_followed_later_counts(state: ScalingState) -> None:
    for at in (NOW, NOW - 60):
        state.hold.save_followed(SERVICE, Hold(at=at))
    assert state.hold.followed_at(SERVICE) == NOW


@pytest.mark.parametrize("refused", ["lease", "order", "error"])
def test_group_that_is_off_is_given_back_by_the_next_when_a_step_is_not_whole(
    state: ScalingState, ecs: EcsService, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    state.hold.save(Hold(at=NOW - 60, until=NOW - 60, counts={SERVICE: 1}))
    ecs.desired = 1
    ecs.start("a", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW)
    scaling = Scaling(ecs, "farflow", state, OFF, lambda: NOW)  # type: ignore[arg-type]

    def fail(*_: object) -> bool:
        raise RuntimeError("the state table is away")

    with monkeypatch.context() as patch:
        patch.setattr(
            state, "extend" if refused == "lease" else "order", fail if refused == "error" else lambda *_: False
        )
        with pytest.raises(RuntimeError) if refused == "error" else nullcontext():
            step(scaling)
    assert ecs.order_of("a") == "drain"
    step(scaling)
    assert ecs.order_of("a") == "accept"


@pytest.mark.parametrize(
    "observation", [None, Workload(NOW - 200), Workload(NOW - 1000), Workload(NOW, is_complete=False)]
)
def test_stale_or_missing_observation_takes_nothing_away(
    scaling: Scaling, state: ScalingState, ecs: EcsService, observation: Workload | None
) -> None:
    ecs.desired = 2
    ecs.start("a", phase=Phase.ACCEPTING, idle_since=NOW - 300)
    ecs.start("b", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW - 300)
    if observation is not None:
        state.save_workload("default", observation)
    step(scaling)
    assert ecs.desired == 2
    assert ecs.order_of("a") == ""
    assert ecs.order_of("b") in ("drain", "accept")


@pytest.mark.parametrize("operation", ["DescribeServices", "DescribeTaskDefinition", "ListTasks", "DescribeTasks"])
def test_failed_observation_changes_nothing_and_lets_the_next_one_try(
    scaling: Scaling, state: ScalingState, ecs: EcsService, operation: str
) -> None:
    ecs.desired = 1
    ecs.start("a", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW - 300)
    state.save_workload("default", Workload(NOW))
    ecs.fails = {operation}
    with pytest.raises(RuntimeError):
        scaling.step()
    assert not ecs.updates
    assert ecs.order_of("a") == "drain"
    ecs.fails = set()
    step(scaling)
    assert ecs.desired == 0


def test_failed_lowering_of_the_count_lets_nobody_leave(scaling: Scaling, state: ScalingState, ecs: EcsService) -> None:
    ecs.desired = 1
    ecs.start("a", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW - 300)
    state.save_workload("default", Workload(NOW))
    ecs.fails = {"UpdateService"}
    with pytest.raises(RuntimeError):
        scaling.step()
    assert ecs.order_of("a") == "drain"


def test_order_that_could_not_be_written_is_given_at_the_next_step(
    scaling: Scaling, state: ScalingState, ecs: EcsService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count is lowered by then: nobody is unprotected, so nobody is stopped."""
    ecs.desired = 1
    ecs.start("a", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW - 300)
    state.save_workload("default", Workload(NOW))
    with monkeypatch.context() as broken:
        broken.setattr(state, "order", lambda *_: (_ for _ in ()).throw(RuntimeError("the state table is away")))
        with pytest.raises(RuntimeError, match="state table"):
            scaling.step()
    assert (ecs.desired, ecs.order_of("a")) == (0, "drain")
    step(scaling)
    assert (ecs.desired, ecs.order_of("a")) == (0, "leave")


def test_service_that_is_not_there_is_said(scaling: Scaling, ecs: EcsService) -> None:
    ecs.status = "DRAINING"
    with pytest.raises(ServiceMissingError, match="worker-default"):
        scaling.step()


def test_new_revision_is_rolled_out_with_room_for_the_old_workers(
    scaling: Scaling, state: ScalingState, ecs: EcsService
) -> None:
    """The old one works on until the new one is there; then it drains, and leaves when it is idle."""
    ecs.desired, ecs.newest = 1, revision(2)
    ecs.start("old", phase=Phase.ACCEPTING, active=1)
    state.save_workload("default", Workload(NOW, waiting=(Work(NOW, 600.0, 2),)))
    step(scaling)
    assert (ecs.served, ecs.desired) == (revision(2), 2)
    assert ecs.order_of("old") == ""
    ecs.start("new", of=2, phase=Phase.ACCEPTING)
    step(scaling)
    assert (ecs.desired, ecs.order_of("old")) == (2, "drain")
    ecs.report("old", phase=Phase.DRAINED, idle_since=NOW)
    step(scaling)
    assert (ecs.desired, ecs.order_of("old")) == (1, "leave")


def test_revision_that_ecs_took_back_is_not_tried_again_and_the_old_workers_stay(
    scaling: Scaling, state: ScalingState, ecs: EcsService
) -> None:
    ecs.desired, ecs.newest = 1, revision(2)
    ecs.start("old", phase=Phase.ACCEPTING, active=1)
    state.save_workload("default", Workload(NOW, waiting=(Work(NOW, 600.0, 2),)))
    step(scaling)
    ecs.served = revision(1)
    assert step(scaling).rolled_out, "an answer from before it was told is not ECS's doing"
    ecs.served, ecs.deployed_at = revision(1), NOW + 300  # as its circuit breaker does
    done = step(scaling)
    assert done.view.fleet.rollout.was_taken_back
    assert not done.rolled_out
    assert ecs.served == revision(1)
    assert ecs.order_of("old") == ""
    ecs.newest = revision(3)
    assert step(scaling).rolled_out == revision(3)


def test_new_revision_is_tried_on_one_worker_also_where_none_is_needed(
    scaling: Scaling, state: ScalingState, ecs: EcsService
) -> None:
    """A broken one shows at once, not when work comes. Who comes up for it leaves as anybody does."""
    ecs.newest = revision(2)
    state.save_workload("default", Workload(NOW))
    step(scaling)
    assert (ecs.served, ecs.desired) == (revision(2), 1)
    ecs.rollout_state, ecs.deployed_at = "IN_PROGRESS", NOW - 30
    step(scaling)
    assert ecs.desired == 1, "it is on trial"
    ecs.start("new", of=2, phase=Phase.ACCEPTING, idle_since=NOW)
    ecs.rollout_state = "COMPLETED"
    step(scaling)
    assert ecs.order_of("new") == "drain"


def test_trial_that_does_not_begin_ends_after_half_an_hour(
    scaling: Scaling, state: ScalingState, ecs: EcsService
) -> None:
    """There is no room for a task, say, which ECS's circuit breaker does not count."""
    ecs.desired, ecs.served, ecs.newest = 1, revision(2), revision(2)
    ecs.rollout_state, ecs.deployed_at = "IN_PROGRESS", NOW - 1801
    state.save_workload("default", Workload(NOW))
    step(scaling)
    assert ecs.desired == 0


def test_idle_old_worker_stays_until_the_new_revision_has_come_up(
    scaling: Scaling, state: ScalingState, ecs: EcsService
) -> None:
    ecs.desired, ecs.newest = 1, revision(2)
    ecs.start("old", phase=Phase.DRAINED, order=Order.DRAIN, idle_since=NOW - 300)
    state.save_workload("default", Workload(NOW))
    step(scaling)
    assert (ecs.desired, ecs.order_of("old")) == (2, "drain")
    ecs.rollout_state, ecs.deployed_at = "IN_PROGRESS", NOW
    ecs.start("new", of=2, created=NOW)
    step(scaling)
    assert (ecs.desired, ecs.order_of("old")) == (2, "drain")
    ecs.report("new", phase=Phase.ACCEPTING, idle_since=NOW)
    step(scaling)
    assert (ecs.desired, ecs.order_of("old"), ecs.order_of("new")) == (1, "leave", "drain")


def test_worker_that_has_not_begun_and_is_not_needed_any_more_is_taken_back(
    scaling: Scaling, state: ScalingState, ecs: EcsService
) -> None:
    """One that crashes again and again, say; one that starts comes up, and drains."""
    ecs.desired = 4
    ecs.start("busy", phase=Phase.ACCEPTING, active=4)
    ecs.start("coming", created=NOW - 30)
    running = tuple(Running("busy", NOW + 300) for _ in range(4))
    state.save_workload("default", Workload(NOW, running))
    assert "2 not begun and not needed: let go" in step(scaling).decision.reason
    assert ecs.desired == 2
    step(scaling)
    assert len(ecs.updates) == 1


def test_silent_worker_and_one_that_never_comes_up_are_lost(ecs: Any, state: ScalingState) -> None:
    ecs.start("silent", phase=Phase.ACCEPTING, reported_at=NOW - 61)
    ecs.start("stuck", created=NOW - LONGEST_START_SECONDS - 1)
    ecs.start("young", created=NOW - 10)
    workers = {
        worker.id: worker for worker in WorkerService(ecs, state, "farflow", GROUP).observe(75.0, NOW).fleet.workers
    }
    assert {name for name, worker in workers.items() if worker.is_lost} == {"silent", "stuck"}
    assert workers["young"].accepts_at == NOW + 65
    assert workers["young"].protected_until == NOW - 10 + 24 * 3600, "should it have come up, and not be able to report"


def test_cold_start_is_learnt_from_the_last_workers() -> None:
    assert typical_cold_start([]) == FIRST_COLD_START_SECONDS
    assert typical_cold_start([60.0]) == 60.0
    assert typical_cold_start([60.0, 62.0, 64.0, 90.0]) == pytest.approx(70.5)
    assert typical_cold_start([20.0] * 18 + [85.0, 85.0]) == 85.0
    assert typical_cold_start([85.0] * 10 + [20.0] * 10) == 85.0
    known = {str(number): float(number) for number in range(20)}
    learnt = with_new_cold_starts(known, {"3": 1000.0, "new": 61.0})
    assert len(learnt) == 20
    assert list(learnt)[-1] == "new"
    assert learnt["3"] == 3.0
