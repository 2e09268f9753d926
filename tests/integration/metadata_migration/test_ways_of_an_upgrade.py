"""Every way that an upgrade can go.

Each ends with Airflow's services as many as before, the scaler's hold lifted, the database where the answer says, and an
answer that CloudFormation can act on.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.metadata_migration.deployments import Deployments
from tests.integration.metadata_migration.world import DATABASE, NEW, OLD, WORKERS, World


def test_database_that_fits_is_asked_once_and_nothing_is_stopped(deployments: Deployments) -> None:
    world = deployments.world
    assert deployments.deploy(OLD, OLD)["Status"] == "SUCCESS"
    assert [task.command for task in world.tasks.values()] == [["prepare"]]
    assert deployments.deploy(OLD, OLD)["Status"] == "SUCCESS"
    assert len(world.tasks) == 1, "the same image needs no second look"
    assert deployments.entered == [
        *("TakeTurn", "IsTurn", "Settle", "IsSettled", "Compare", "IsCompared", "Answer", "Succeeded")
    ]
    world.now += 2 * 3600
    assert deployments.deploy(OLD, OLD)["Status"] == "SUCCESS"
    assert len(world.tasks) == 2, "after a while it is asked again: somebody may have restored a backup"
    assert not world.snapshots
    assert deployments.is_settled()


def test_upgrade_moves_the_database_with_nobody_at_work(deployments: Deployments) -> None:
    world = deployments.world
    world.running_tasks_until = world.now + 900
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert world.revision == "a3"
    assert not world.migrated_with_somebody_at_work
    assert [snapshot["revision"] for snapshot in world.snapshots.values()] == ["a1"]
    assert world.queued == 0, "what the old workers have not taken is sent anew"
    assert world.now > world.running_tasks_until
    assert deployments.is_settled()


def test_downgrade_is_made_by_the_newer_image(deployments: Deployments) -> None:
    world = deployments.world
    world.revision = "a3"
    assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
    assert world.revision == "a1"
    assert [(task.image, task.command[0]) for task in world.tasks.values()] == [(OLD, "prepare"), (NEW, "reach")]
    assert deployments.is_settled()


def test_first_deployment_on_a_newer_database_says_what_to_do(deployments: Deployments) -> None:
    deployments.world.revision = "a3"
    answer = deployments.deploy(OLD, None)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("compare: the database is of a newer Airflow")
    assert "deploy an image that is at least as new" in answer["Reason"]


def test_first_deployment_on_an_older_database_migrates_it_and_holds_nobody_afterwards(
    deployments: Deployments,
) -> None:
    """Of an Airflow that ran elsewhere: there is no service to stop yet."""
    world = deployments.world
    world.counts, world.alive = {}, {}
    assert deployments.deploy(NEW, None)["Status"] == "SUCCESS"
    assert world.revision == "a3"
    assert len(world.snapshots) == 1
    assert not world.hold.load().stands(world.now)


def test_image_that_does_not_start_fails_before_anything_is_touched(deployments: Deployments) -> None:
    world = deployments.world
    world.start_fails = True
    answer = deployments.deploy(NEW, OLD)
    assert answer["Status"] == "FAILED"
    assert "CannotPullContainerError" in answer["Reason"]
    assert "(log: /farflow/farflow/migration, stream airflow/migration/" in answer["Reason"]
    assert "PauseScheduling" not in deployments.entered
    assert world.revision == "a1"
    assert deployments.is_settled()


@pytest.mark.parametrize("stops_at", ["a1", "a2", "a3"])
def test_failed_migration_is_taken_back(deployments: Deployments, stops_at: str) -> None:
    """Wherever it stopped, also in its last moment."""
    world = deployments.world
    world.reach_stops_at = stops_at
    answer = deployments.deploy(NEW, OLD)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("migrate: its container exited with 137")
    assert world.revision == "a1"
    assert world.instances == {DATABASE: "the present one"}
    assert deployments.is_settled()


def test_migration_that_cannot_be_taken_back_goes_back_to_its_snapshot(deployments: Deployments) -> None:
    """The restored instance has the name of the present one, and so its endpoint; that one stays under another name."""
    world = deployments.world
    world.reach_stops_at, world.failing_ways = "a2", 1
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert world.revision == "a1"
    assert world.instances.pop(DATABASE) == "a restored one"
    ((name, what),) = world.instances.items()
    assert (name.startswith("farflow-replaced-"), what) == (True, "the present one")
    assert deployments.is_settled()


def test_without_a_snapshot_the_database_left_between_is_told(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = deployments.world
    deployments.set(database_instance="")
    world.reach_stops_at, world.failing_ways = "a2", 1
    answer = deployments.deploy(NEW, OLD)
    assert "The database could not be brought back" in answer["Reason"]
    assert deployments.is_settled(), "the services are started: they wait by themselves"


def test_failed_snapshot_gives_the_upgrade_up(deployments: Deployments) -> None:
    world = deployments.world
    world.snapshot_fails = True
    answer = deployments.deploy(NEW, OLD)
    assert answer["Reason"].startswith("snapshot: RDS could not take the snapshot")
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_upgrade_goes_back_while_cloudformation_still_waits(deployments: Deployments) -> None:
    """It gives a custom resource an hour, and would not know afterwards what became of it."""
    world = deployments.world
    world.snapshot_hangs, began = True, world.now
    answer = deployments.deploy(NEW, OLD)
    assert answer["Reason"].startswith("snapshot: it has not ended after 50 minutes")
    assert world.now - began < 3600
    assert world.revision == "a1"
    assert deployments.is_settled()


def test_worker_that_was_started_as_the_drain_ended_finishes_before_the_execution_api_stops(
    deployments: Deployments,
) -> None:
    """The scaler had looked just before it was asked to hold, and told ECS just after."""
    world = deployments.world
    left: list[int] = []

    def the_scaler_lags(step: str) -> None:
        if step == "stop_services" and not left:
            world.counts[WORKERS] = world.alive[WORKERS] = 1
            world.running_tasks_until = world.now + 120
        if step in ("stop_services", "snapshot", "migrate"):
            left.append(world.alive[WORKERS])
            assert world.counts["execution-api"] or not world.alive[WORKERS]

    ended = deployments.walk("upgrade", deployments.request(NEW, OLD), the_scaler_lags)
    assert ended.entered[-1] == "Succeeded"
    assert 1 in left
    assert world.revision == "a3"
    assert deployments.is_settled()


def test_start_of_the_services_that_fails_is_told_by_its_name(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database has moved by then."""
    update = World._ecs_update_service

    def refuse(self: World, given: Any) -> Any:
        if given["desiredCount"] and self.revision == "a3":
            raise RuntimeError("not now")
        return update(self, given)

    monkeypatch.setattr(World, "_ecs_update_service", refuse)
    assert deployments.deploy(NEW, OLD)["Reason"].startswith("start_services: not now")


def test_tasks_that_run_for_too_long_are_not_ended(deployments: Deployments) -> None:
    world = deployments.world
    world.running_tasks_until = world.now + 24 * 3600
    answer = deployments.deploy(NEW, OLD)
    assert answer["Reason"].startswith("drain: after 30 minutes workers still ran tasks (3 of worker-default)")
    assert world.revision == "a1"
    assert world.alive["worker-default"] == 3
    assert deployments.is_settled()


def test_rollback_of_cloudformation_after_an_upgrade_goes_back(deployments: Deployments) -> None:
    """The migration succeeded, and then a service of the new version did not come up."""
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
    assert deployments.world.revision == "a1"
    assert deployments.is_settled()


def test_rollback_of_cloudformation_after_a_failed_upgrade_finds_nothing_to_do(deployments: Deployments) -> None:
    deployments.world.reach_stops_at = "a2"
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert deployments.deploy(OLD, NEW)["Status"] == "SUCCESS"
    assert "PauseScheduling" not in deployments.entered
    assert deployments.is_settled()


def test_tag_is_asked_each_time(deployments: Deployments) -> None:
    """It may be another image today."""
    properties = deployments.properties
    deployments.properties = lambda image: properties(image) | {"Image": "registry/airflow:latest"}  # type: ignore[method-assign]
    for _ in range(2):
        assert deployments.deploy(OLD, OLD)["Status"] == "SUCCESS"
    assert len(deployments.world.tasks) == 2


def test_workers_that_are_at_zero_do_not_come_for_what_waits(deployments: Deployments) -> None:
    """They would find no Execution API, and then another database."""
    world = deployments.world
    world.counts["worker-default"] = world.alive["worker-default"] = 0
    world.backs_up_until = world.now + 1200
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert not world.migrated_with_somebody_at_work
    assert world.now > world.backs_up_until, "RDS takes no snapshot while it makes its own backup"
    assert len(world.snapshots) == 1


@pytest.mark.parametrize("workers", [0, 3])
def test_queued_tasks_are_run_first_where_it_is_asked_also_from_zero(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    deployments.set(queued_tasks="run")
    emptied: list[str] = []
    monkeypatch.setattr(World, "_sqs_delete_message_batch", lambda *_: emptied.append("some"))
    world = deployments.world
    world.counts["worker-default"] = world.alive["worker-default"] = workers
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert world.queued == 0
    assert not emptied


def test_workers_that_nobody_else_counts_are_called_back_for_messages_that_are_to_be_run(
    deployments: Deployments,
) -> None:
    """One takes messages as it is told to drain, and gives them back: they are there when all workers have left."""
    deployments.set(queued_tasks="run")
    world = deployments.world
    world.scaling_is_off, world.comes_back = True, 2
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert (world.queued, world.comes_back) == (0, 0)
    assert deployments.is_settled()


def test_migration_that_hangs_is_ended_and_taken_back(deployments: Deployments) -> None:
    world = deployments.world
    world.reach_hangs = True
    answer = deployments.deploy(NEW, OLD)
    assert answer["Reason"].startswith("migrate: it has not ended after 3 hours")
    assert world.revision == "a1"
    assert deployments.is_settled()


@pytest.mark.parametrize("wrong", [{"refused_starts": 1000}, {"vain_starts": 1000}], ids=["refused", "in vain"])
def test_database_is_left_alone_when_its_migration_could_not_be_started(
    deployments: Deployments, wrong: dict[str, int]
) -> None:
    """No capacity, or an image that cannot be pulled: no way back is needed, and none could be started."""
    deployments.world.begin_again(**wrong)
    answer = deployments.deploy(NEW, OLD)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("migrate: ")
    assert "could not be brought back" not in answer["Reason"]
    assert "Restore" not in deployments.entered
    assert deployments.world.instances == {DATABASE: "the present one"}
    assert deployments.is_settled()


def test_migration_that_could_be_started_at_last_succeeds(deployments: Deployments) -> None:
    deployments.world.refused_starts = 8
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert deployments.world.revision == "a3"
    assert deployments.is_settled()


def test_way_back_that_hangs_without_a_snapshot_is_ended_before_anybody_comes(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long that takes: a restore waits for it, though there is nothing to restore."""
    deployments.set(database_instance="")
    world = deployments.world
    world.reach_stops_at, world.stop_seconds = "a2", 300.0
    run = World._run

    def hang(self: World, task: Any) -> None:
        run(self, task)
        if task.command[0] == "reach" and self.revision == "a1":
            task.hangs, task.exit_code = True, None

    monkeypatch.setattr(World, "_run", hang)
    assert "could not be brought back" in deployments.deploy(NEW, OLD)["Reason"]
    assert not world.migrated_with_somebody_at_work
    assert deployments.is_settled()


@pytest.mark.parametrize(("repeats", "status"), [(5, "SUCCESS"), (1000, "FAILED")])
def test_migration_that_was_asked_for_without_an_answer_counts_as_one_that_ran(
    deployments: Deployments, repeats: int, status: str
) -> None:
    """The function dies as ECS starts it, and later requests are refused: by then the database may be anywhere."""
    world = deployments.world
    world.refused_repeats, world.reach_hangs = repeats, status == "FAILED"
    answer = deployments.deploy(NEW, OLD)
    assert answer["Status"] == status
    assert "could not be brought back" not in answer.get("Reason", "")
    assert world.revision == ("a3" if status == "SUCCESS" else "a1")
    assert ("RollBack" in deployments.entered) == (status == "FAILED")
    assert not world.migrated_with_somebody_at_work
    assert deployments.is_settled()


def test_database_is_left_alone_when_the_function_died_before_it_asked_for_a_migration(
    deployments: Deployments,
) -> None:
    """And no task can be started for hours: ECS knows of none, and so no way back is needed."""
    world = deployments.world
    world.first_start_dies, world.refused_starts = True, 1000
    began = world.now
    answer = deployments.deploy(NEW, OLD)
    assert "could not be brought back" not in answer["Reason"]
    assert "Restore" not in deployments.entered
    assert world.now - began < 1800
    assert world.instances == {DATABASE: "the present one"}
    assert deployments.is_settled()


def test_migration_that_the_last_try_has_started_is_seen_before_the_way_back(deployments: Deployments) -> None:
    """The function dies as ECS hears it at last, and ECS tells of the task only later."""
    world = deployments.world
    world.refused_starts, world.refused_repeats, world.reach_hangs, world.unseen_seconds = 8, 1000, True, 45.0
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert not world.migrated_with_somebody_at_work
    assert world.revision == "a1"
    assert deployments.is_settled()


@pytest.mark.parametrize("times", [9, 18, 27], ids=["Migrate", "RollBack", "Restore"])
def test_migration_that_goes_on_when_ecs_does_not_answer_is_ended_before_anybody_comes(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """For longer than so many steps are tried again; it takes a while to end."""
    world = deployments.world
    world.reach_hangs, world.stop_seconds = True, 100.0
    run = World._run

    def be_away_afterwards(self: World, task: Any) -> None:
        run(self, task)
        if task.hangs:
            self.list_failures = times

    monkeypatch.setattr(World, "_run", be_away_afterwards)
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert not world.migrated_with_somebody_at_work
    assert world.list_failures == 0
    assert deployments.is_settled()


@pytest.mark.parametrize("ways", ["way back", "restore"])
@pytest.mark.parametrize(("wrong", "times"), [("refused_starts", 150), ("vain_starts", 40)])
def test_way_back_is_tried_until_it_can_be_started(
    deployments: Deployments, monkeypatch: pytest.MonkeyPatch, ways: str, wrong: str, times: int
) -> None:
    """A snapshot is for what cannot be taken back, not for an hour without capacity; ECS forgets the task before meanwhile."""
    world = deployments.world
    world.reach_stops_at, world.failing_ways = "a2", int(ways == "restore")
    run = World._run

    def fail_afterwards(self: World, task: Any) -> None:
        run(self, task)
        moved = sum(each.command[0] == "reach" for each in self.tasks.values())
        if moved == (2 if ways == "restore" else 1):
            setattr(self, wrong, times)

    monkeypatch.setattr(World, "_run", fail_afterwards)
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert getattr(world, wrong) == 0
    assert world.revision == "a1"
    assert ("Restore" in deployments.entered) == (ways == "restore")
    assert deployments.is_settled()


def test_way_back_may_take_hours(deployments: Deployments) -> None:
    """ECS has forgotten the failed migration's task by then."""
    world = deployments.world
    world.reach_stops_at, world.way_back_seconds = "a2", 2.5 * 3600
    assert deployments.deploy(NEW, OLD)["Status"] == "FAILED"
    assert world.revision == "a1"
    assert "Restore" not in deployments.entered
    assert deployments.is_settled()


def test_restore_may_take_hours(deployments: Deployments) -> None:
    world = deployments.world
    world.reach_stops_at, world.failing_ways, world.restore_seconds = "a2", 1, 5 * 3600
    answer = deployments.deploy(NEW, OLD)
    assert "could not be brought back" not in answer["Reason"]
    assert world.revision == "a1"
    assert world.instances[DATABASE] == "a restored one"
    assert deployments.is_settled()


@pytest.mark.parametrize(
    ("wrong", "brings"),
    [({}, True), ({"reach_stops_at": "a2"}, False), ({"snapshot_fails": True}, False)],
    ids=["succeeds", "is taken back", "is given up"],
)
def test_groups_whose_scaling_is_off_get_the_revision_of_an_upgrade_that_goes_on(
    deployments: Deployments, wrong: dict[str, Any], *, brings: bool
) -> None:
    """Theirs may have waited for its owner; an upgrade that is given up changes nothing of that."""
    deployments.world.begin_again(**wrong)
    deployments.deploy(NEW, OLD)
    assert deployments.world.hold.load().has_brought_revision(deployments.world.now) is brings


def test_restore_that_rds_cannot_make_is_told(deployments: Deployments) -> None:
    world = deployments.world
    world.reach_stops_at, world.failing_ways, world.restore_fails = "a2", 1, True
    answer = deployments.deploy(NEW, OLD)
    assert "The database could not be brought back" in answer["Reason"]
    assert world.instances[DATABASE] == "the present one"
    assert deployments.is_settled()
    world.restore_fails, world.revision = False, "a1"  # by hand
    assert deployments.deploy(NEW, OLD)["Status"] == "SUCCESS"
    assert world.instances[DATABASE] == "the present one", "nothing is put over what was worked on since"
    assert world.revision == "a3"


def test_only_the_newest_snapshots_are_kept(deployments: Deployments) -> None:
    for image, former in [(NEW, OLD), (OLD, NEW)] * 3:
        assert deployments.deploy(image, former)["Status"] == "SUCCESS"
    assert len(deployments.world.snapshots) == 3
