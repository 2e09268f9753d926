"""An execution that somebody aborts is followed by one that goes on, or brings all back, whatever it left under way."""

from __future__ import annotations

import pytest
from moto import mock_aws

from tests.integration.custom_resources import AnswerServer
from tests.integration.metadata_migration.deployments import EXECUTION, Deployments, abort, begin
from tests.integration.metadata_migration.world import COUNTS, DATABASE, NEW, OLD, WORKERS, World


@pytest.mark.parametrize("state", ["PauseScheduling", "Drain", "StopServices", "Snapshot", "Migrate", "StartServices"])
def test_aborted_execution_is_followed_by_one_that_brings_all_back(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, state: str
) -> None:
    """Somebody stopped it in the console; CloudFormation gives up after an hour, and asks for the version before."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        abort(deployments, state)
        assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a1"
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.is_settled()


@pytest.mark.parametrize("times", range(1, 8))
def test_aborted_restore_is_ended_by_the_next_execution(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, times: int
) -> None:
    """Also between the two renames, when no instance has the database's name."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World(reach_stops_at="a2", failing_ways=1))
        abort(deployments, "Restore", times)
        was_left_alone = deployments.world.instances.get(DATABASE) == "the present one"
        assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a1"
        assert deployments.world.instances[DATABASE] == ("the present one" if was_left_alone else "a restored one")
        assert deployments.is_settled()


@pytest.mark.parametrize("state", ["Drain", "Migrate", "StartServices"])
def test_aborted_execution_is_followed_by_one_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, state: str
) -> None:
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        abort(deployments, state)
        assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a3"
        assert deployments.is_settled()


@pytest.mark.parametrize("state", ["PauseScheduling", "Drain", "StopServices", "Snapshot", "Migrate", "StartServices"])
def test_aborted_execution_is_followed_by_a_resume_and_by_any_deployment(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, state: str
) -> None:
    """Nobody is started while a task of the aborted one still moves the database."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        abort(deployments, state)
        assert not deployments.ask("Resume")
        assert deployments.is_settled()
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a1"
        assert deployments.is_settled()


@pytest.mark.parametrize("images", [(), (OLD, NEW), (NEW, OLD)], ids=["resume", "former", "new"])
def test_nobody_is_started_beside_a_migration_that_ecs_does_not_tell_of_yet(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, images: tuple[str, ...]
) -> None:
    with mock_aws():
        deployments = begin(monkeypatch, answers, World(unseen_seconds=200.0))
        abort(deployments, "Migrate")
        if images:
            assert deployments.deploy(*images)["Status"] == "SUCCESS"
        else:
            assert not deployments.ask("Resume")
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.is_settled()


@pytest.mark.parametrize("failing_ways", [1, 2], ids=["way back", "restore"])
@pytest.mark.parametrize("images", [(OLD, NEW), (NEW, OLD)], ids=["former", "new"])
def test_deployment_that_fails_too_leads_back_to_where_the_aborted_one_began(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, images: tuple[str, str], failing_ways: int
) -> None:
    """The aborted one has left the database between; what it took a snapshot of is what the next one brings back."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World(reach_stops_at="a2", failing_ways=failing_ways))
        world = deployments.world
        abort(deployments, "Migrate")
        assert deployments.deploy(*images)["Status"] == "FAILED"
        assert world.revision == "a1"
        assert [snapshot["revision"] for snapshot in world.snapshots.values()] == ["a1"]
        assert world.instances[DATABASE] == ("a restored one" if failing_ways == 2 else "the present one")
        assert not world.migrated_with_somebody_at_work
        assert deployments.is_settled()


def test_snapshot_of_an_aborted_upgrade_is_gone_back_to_when_nobody_has_worked_since(deployments: Deployments) -> None:
    """Services were started after an earlier upgrade, and stopped for this one."""
    world = deployments.world
    world.refused_starts = 9
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    world.reach_stops_at, world.failing_ways = "a2", 2
    abort(deployments, "Migrate")
    assert deployments.deploy(OLD, NEW)["Status"] == "FAILED"
    assert world.revision == "a1"
    assert [snapshot["revision"] for snapshot in world.snapshots.values()] == ["a1", "a1"]
    assert world.instances[DATABASE] == "a restored one"
    assert deployments.is_settled()


def test_database_that_could_not_be_restored_is_restored_by_the_rollback(deployments: Deployments) -> None:
    """From the snapshot of before: in the middle nobody has worked, though services were started."""
    world = deployments.world
    world.reach_stops_at, world.failing_ways, world.restore_fails = "a2", 3, True
    assert "The database could not be brought back" in deployments.deploy(NEW, OLD)["Reason"]
    world.restore_fails = False
    world.instances.pop(next(name for name in world.instances if "restored" in name))  # which RDS could not make
    assert deployments.deploy(OLD, NEW)["Status"] == "FAILED"
    assert world.revision == "a1"
    assert world.instances[DATABASE] == "a restored one"
    assert [snapshot["revision"] for snapshot in world.snapshots.values()] == ["a1"]
    assert deployments.is_settled()


def test_deployment_that_does_not_come_to_its_migration_takes_back_what_was_left(deployments: Deployments) -> None:
    world = deployments.world
    world.reach_stops_at = "a2"
    abort(deployments, "Migrate")
    world.refused_starts = 9
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_deployment_that_fails_before_its_migration_takes_back_what_was_left(deployments: Deployments) -> None:
    """ECS is away for longer than a step is tried again."""
    world = deployments.world
    world.reach_stops_at = "a2"
    abort(deployments, "Migrate")

    def ecs_goes_away(step: str) -> None:
        if step == "pause_scheduling" and "pause_scheduling" not in taken:
            world.list_failures = 9
        taken.append(step)

    taken: list[str] = []
    ended = deployments.walk(EXECUTION.format(7), deployments.request(NEW, OLD), ecs_goes_away)
    assert ended.entered[-1] == "Failed"
    assert "migrate" not in taken
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_nobody_works_while_a_migration_that_was_left_goes_on(deployments: Deployments) -> None:
    """Whoever was started since the snapshot is stopped first."""
    world = deployments.world
    world.reach_stops_at = "a2"
    abort(deployments, "Migrate")

    def somebody_comes(step: str) -> None:
        if step == "migrate" and "migrate" not in taken:
            world.counts["ui"] = world.alive["ui"] = world.start_looks = 1
        taken.append(step)

    taken: list[str] = []
    ended = deployments.walk(EXECUTION.format(7), deployments.request(NEW, OLD), somebody_comes)
    assert ended.entered[-1] == "Succeeded"
    assert not world.migrated_with_somebody_at_work
    assert world.revision == "a3"
    assert deployments.is_settled()


def test_deployment_that_fails_before_it_has_looked_at_what_was_left_says_so(deployments: Deployments) -> None:
    world = deployments.world
    world.reach_stops_at = "a2"
    abort(deployments, "Migrate")
    world.start_fails = True
    assert "An earlier upgrade may have left the database" in deployments.deploy(NEW, OLD)["Reason"]
    world.start_fails = False
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert world.revision == "a3"
    assert deployments.is_settled()


def test_snapshot_of_an_aborted_upgrade_is_not_gone_back_to_when_somebody_has_worked_since(
    deployments: Deployments,
) -> None:
    """Its migration never ran, and a Resume has started the services."""
    world = deployments.world
    world.vain_starts = 1
    abort(deployments, "Migrate")
    assert not deployments.ask("Resume")
    assert world.revision == "a1"
    world.reach_stops_at, world.failing_ways = "a2", 1
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert world.instances[DATABASE] == "a restored one"
    _, newest = world.snapshots
    ((replaced, _),) = [each for each in world.instances.items() if each[0] != DATABASE]
    assert replaced.rpartition("-")[2] == newest.rpartition("-")[2]
    assert deployments.is_settled()


def test_work_at_the_goal_of_an_aborted_downgrade_is_kept(deployments: Deployments) -> None:
    """Its task went on to the end, and a Resume has started services that fit."""
    world = deployments.world
    world.revision = "a3"
    abort(deployments, "Migrate", images=(OLD, NEW))
    assert not deployments.ask("Resume")
    assert world.revision == "a1"
    world.failing_ways = 2
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert world.revision == "a1"
    assert [snapshot["revision"] for snapshot in world.snapshots.values()] == ["a3", "a1"]
    assert world.instances[DATABASE] == "a restored one"
    assert deployments.is_settled()


@pytest.mark.parametrize("is_away", [True, False], ids=["ECS is away", "it takes too long"])
def test_way_back_of_what_was_left_is_taken_with_nobody_at_work(deployments: Deployments, *, is_away: bool) -> None:
    """A Resume has started services, which wait; the next deployment fails before it moves anything."""
    world = deployments.world
    world.reach_stops_at = "a2"
    abort(deployments, "Migrate")
    assert not deployments.ask("Resume")
    taken: list[str] = []

    def fail(step: str) -> None:
        if step == "pause_scheduling" and is_away and step not in taken:
            world.list_failures = 9
        elif step == "pause_scheduling" and not is_away:
            world.alive["scheduler"] = 2  # ECS does not stop it
        taken.append(step)

    began = world.now
    assert deployments.walk(EXECUTION.format(7), deployments.request(NEW, OLD), fail).entered[-1] == "Failed"
    assert world.now - began < 3600
    assert world.revision == "a1"
    assert not world.migrated_with_somebody_at_work
    assert deployments.is_settled()


@pytest.mark.parametrize("failures", [9, 18], ids=["once", "twice"])
@pytest.mark.parametrize("images", [(), (NEW, OLD)], ids=["resume", "deployment"])
def test_nobody_is_started_beside_an_unseen_migration_when_settle_is_given_up(
    deployments: Deployments, images: tuple[str, ...], failures: int
) -> None:
    """Nor when the way back is."""
    world = deployments.world
    world.unseen_seconds = 280.0
    abort(deployments, "Migrate")
    world.list_failures = failures
    if images:
        assert deployments.deploy(*images)["Status"] == "FAILED"
    else:
        assert deployments.ask("Resume")
    assert not world.migrated_with_somebody_at_work
    assert deployments.is_settled()


def test_resume_long_after_an_aborted_migration_waits_for_nothing(deployments: Deployments) -> None:
    world = deployments.world
    abort(deployments, "Migrate")
    world.now += 3600
    began = world.now
    assert not deployments.ask("Resume")
    assert world.now - began < 60
    assert deployments.is_settled()


@pytest.mark.parametrize("times", range(1, 8))
def test_aborted_restore_is_ended_by_a_resume(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, times: int
) -> None:
    """Services would find no database, where the abort came between the two renames."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World(reach_stops_at="a2", failing_ways=1))
        abort(deployments, "Restore", times)
        assert not deployments.ask("Resume")
        assert DATABASE in deployments.world.instances
        assert deployments.is_settled()


def test_migration_that_hangs_in_an_aborted_execution_is_ended_before_anybody_is_started(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer
) -> None:
    with mock_aws():
        deployments = begin(monkeypatch, answers, World(reach_hangs=True))
        abort(deployments, "Migrate", 3)
        began = deployments.world.now

        def nobody_works(step: str) -> None:
            assert step == "start_services" or not any(deployments.world.alive.values())

        assert not deployments.ask("Resume", nobody_works)
        assert deployments.world.now - began > 600
        assert deployments.world.revision == "a2"
        assert deployments.is_settled(), "each container waits for its revision by itself"
        assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a1"
        assert deployments.is_settled()


def test_nobody_is_started_beside_a_stray_migration_when_a_later_execution_asks_meanwhile(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer
) -> None:
    """The deployment that waits for it fails; what it gives back waits for it too."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        abort(deployments, "Migrate")
        asked: list[str] = []

        def another_comes(step: str) -> None:
            if step == "settle" and not asked:
                asked.append(step)
                deployments.ask_for_turn(8)

        deployments.world.running_executions, deployments.world.start_looks = {EXECUTION.format(7)}, 6
        ended = deployments.walk(EXECUTION.format(7), deployments.request(NEW, OLD), another_comes)
        assert ended.entered[-1] == "Failed"
        assert answers.received[-1]["Reason"].startswith("settle: a later deployment")
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.is_settled(), "each container waits for its revision by itself"
        deployments.world.running_executions = set()
        assert deployments.deploy(NEW, OLD, number=8)["Status"] == "SUCCESS"
        assert deployments.world.revision == "a3"


@pytest.mark.parametrize("failures", [9, 18])
def test_nobody_is_started_beside_a_stray_migration_when_ecs_was_away(
    monkeypatch: pytest.MonkeyPatch, answers: AnswerServer, failures: int
) -> None:
    """For longer than Settle is tried again, and than the way back is."""
    with mock_aws():
        deployments = begin(monkeypatch, answers, World())
        abort(deployments, "Migrate")
        deployments.world.list_failures, deployments.world.start_looks = failures, 6
        ended = deployments.walk(EXECUTION.format(7), deployments.request(NEW, OLD))
        assert ended.entered[-1] == "Failed"
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.deploy(NEW, OLD, number=8)["Status"] == "SUCCESS"
        assert not deployments.world.migrated_with_somebody_at_work
        assert deployments.world.revision == "a3"
        assert deployments.is_settled()


def test_workers_that_were_not_back_yet_are_back_after_the_next_upgrade(deployments: Deployments) -> None:
    """Where scaling is off: the scaler was away when the hold of the first was lifted, and the next finds none."""
    world = deployments.world
    world.scaling_is_off = world.scaler_is_away = world.snapshot_fails = True
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    world.work()
    assert world.counts[WORKERS] == 0
    world.snapshot_fails = False
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    world.scaler_is_away = False
    assert deployments.is_settled()


@pytest.mark.parametrize("state", ["StopServices", "Snapshot", "Migrate"])
def test_workers_stay_away_while_the_services_are_stopped(deployments: Deployments, state: str) -> None:
    """For as long as nobody goes on: their tasks would find no Execution API, and fail."""
    world = deployments.world
    abort(deployments, state)
    world.now += 7 * 24 * 3600
    world.work()
    assert (world.counts[WORKERS], world.alive[WORKERS], world.counts["execution-api"]) == (0, 0, 0)
    assert not deployments.ask("Resume")
    assert deployments.is_settled()


def test_count_that_the_owner_set_after_a_hold_was_forgotten_stays(deployments: Deployments) -> None:
    world = deployments.world
    world.scaling_is_off = True
    abort(deployments, "Drain")
    world.now += 3 * 3600
    world.work()
    assert world.counts[WORKERS] == COUNTS[WORKERS], "nobody asks for longer, so they are back"
    world.counts[WORKERS] = 1
    assert not deployments.ask("Resume")
    world.work()
    assert world.counts == COUNTS | {WORKERS: 1}
