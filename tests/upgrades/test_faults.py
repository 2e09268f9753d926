"""A broken upgrade on real parts: each ends with the former version at work, and nothing lost.

What is broken is broken from outside: processes are killed, tables are held, the database goes away.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from local import aws, layout, services
from local.airflow_api import AirflowApi
from local.processes import owned_processes
from local.upgrade_history import executions
from tests.e2e.workers import Workers
from tests.sleepers import Sleepers
from tests.upgrades import metadata
from tests.upgrades.deploying import Deploying
from tests.upgrades.versions import FORMER, NOW, REVISIONS, count_died, snapshots, states
from tests.upgrades.work import ENDED_RUNS, Work
from tests.waiting import eventually

BUSY_SECONDS = 20.0


def reasons(stack: layout.Stack, upgrade: Deploying) -> str:
    """What CloudFormation has told of failures since the upgrade was begun, of all its stacks."""
    cloudformation = aws.client(stack, "cloudformation")
    names = {each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]}
    return "\n".join(
        event.get("ResourceStatusReason", "")
        for name in sorted(names)
        for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        if event["ResourceStatus"].endswith("_FAILED") and event["Timestamp"] >= upgrade.began
    )


def migration_processes(word: str) -> list[psutil.Process]:
    """Of the migration's running task that was told `word`."""
    found = []
    for process in owned_processes():
        with contextlib.suppress(psutil.Error):
            if "farflow.migration" in process.cmdline() and word in process.cmdline():
                found.append(process)
    return found


def kill_migration(word: str = "reach") -> None:
    """The container as a whole, as when its host is lost."""
    for process in migration_processes(word):
        os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def held_table(name: str) -> Iterator[None]:
    """Somebody reads it in a transaction that does not end: who wants to alter it waits."""
    with metadata.connection() as database, database.transaction():
        database.execute(f"LOCK TABLE {name} IN ACCESS SHARE MODE")
        yield


def await_half_way() -> None:
    """Some of the new version's revisions are there, and the next one waits for the table that is held."""
    eventually(
        lambda: metadata.revision() not in REVISIONS.values(), 120, "the migration is half way", pause_seconds=0.2
    )


@pytest.fixture
def busy(stack: layout.Stack, work: Work, workers: Workers, request: pytest.FixtureRequest) -> Iterator[Sleepers]:
    """Tasks that run while it happens, and what must be as before when it is over."""
    services.await_healthy(stack)
    kept = metadata.fingerprint(["upgrade_ended"])
    (run_id, _, _) = request.node.name.removeprefix("test_").partition("[")
    sleepers = work.start_sleepers(run_id, [BUSY_SECONDS] * 4 + [1.0] * 2)
    eventually(lambda: len(sleepers.runs_of_each()) == 4, 60, "the tasks run")
    yield sleepers
    services.await_healthy(stack)
    assert metadata.revision() == REVISIONS[FORMER]
    assert metadata.fingerprint(["upgrade_ended"]) == kept
    assert work.count_ended() == ENDED_RUNS
    sleepers.await_end(180)
    assert sleepers.state() == "success"
    assert set(sleepers.runs_of_each().values()) == {1}, "each task ran once"
    after = work.start_sleepers(f"{run_id}-after", [1.0])
    after.await_end(120)
    assert after.state() == "success"
    assert not work.failures()


@pytest.mark.usefixtures("busy")
def test_migration_that_is_killed_in_the_middle_is_taken_back(stack: layout.Stack) -> None:
    upgrade = Deploying(stack)
    with held_table("task_instance"):
        await_half_way()
        kill_migration()
    assert upgrade.end()
    assert "migrate: " in reasons(stack, upgrade)
    assert "exited with 137" in reasons(stack, upgrade)
    assert "(log: /farflow/farflow-local/migration, stream airflow/migration/" in reasons(stack, upgrade)
    assert "Restore" not in states(stack, upgrade.execution())


@pytest.mark.usefixtures("busy")
def test_migration_that_fails_is_taken_back(stack: layout.Stack) -> None:
    """A table is there that a revision of the new version makes."""
    with metadata.connection() as database:
        database.execute("CREATE TABLE connection_test_request (id int)")
        upgrade = Deploying(stack)
        try:
            assert upgrade.end()
        finally:
            database.execute("DROP TABLE connection_test_request")
    assert "airflow db migrate exited with 1" in reasons(stack, upgrade)
    assert "Restore" not in states(stack, upgrade.execution())


@pytest.mark.usefixtures("busy")
def test_database_that_goes_away_during_the_migration_is_waited_for_and_taken_back(stack: layout.Stack) -> None:
    upgrade = Deploying(stack)
    with contextlib.suppress(Exception), held_table("task_instance"):
        await_half_way()
        os.kill(stack.supervisor_pid, signal.SIGHUP)  # a restart, of a quarter of a minute
        time.sleep(5)
    assert upgrade.end()
    assert "migrate: " in reasons(stack, upgrade)
    assert "Restore" not in states(stack, upgrade.execution())


@pytest.mark.usefixtures("busy")
def test_snapshot_that_fails_gives_the_upgrade_up(stack: layout.Stack) -> None:
    dumps = layout.SNAPSHOTS
    aside = dumps.with_name("snapshots-aside")
    dumps.mkdir(exist_ok=True)
    upgrade = Deploying(stack)
    upgrade.await_state("PauseScheduling")
    dumps.rename(aside)
    dumps.touch()
    try:
        assert upgrade.end()
    finally:
        dumps.unlink()
        aside.rename(dumps)
    assert "snapshot: RDS could not take the snapshot" in reasons(stack, upgrade)


@pytest.mark.usefixtures("busy")
def test_migration_that_cannot_be_taken_back_goes_back_to_the_snapshot(stack: layout.Stack) -> None:
    """Half way, somebody makes a view of a new table, which can then not be dropped; the instance that has it stays aside."""
    before = len(snapshots(stack))
    upgrade = Deploying(stack)
    with held_table("task_instance"):
        await_half_way()
        with metadata.connection() as database:
            ((table,),) = database.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_name = 'task_state_store'"
            ).fetchall()
            database.execute(f"CREATE VIEW of_somebody AS SELECT * FROM {table}")
        kill_migration()
    assert upgrade.end()
    assert "Restore" in states(stack, upgrade.execution())
    assert len(snapshots(stack)) == before + 1
    instances = aws.client(stack, "rds").describe_db_instances()["DBInstances"]
    names = {instance["DBInstanceIdentifier"] for instance in instances}
    assert layout.DATABASE_INSTANCE in names
    assert any(name.startswith("farflow-replaced-") for name in names)
    assert not any(name.startswith("farflow-restored-") for name in names)
    assert not metadata.rows("SELECT 1 FROM information_schema.views WHERE table_name = 'of_somebody'")


@pytest.mark.usefixtures("busy")
def test_image_that_does_not_start_touches_nothing(stack: layout.Stack, workers: Workers) -> None:
    before = {service.name: service.tasks for service in services.observe(stack, workers.cluster)}
    upgrade = Deploying(stack, f"{layout.AIRFLOW_REPOSITORY}:nowhere")
    assert upgrade.end()
    assert "compare: " in reasons(stack, upgrade)
    assert "PauseScheduling" not in states(stack, upgrade.execution())
    assert {service.name: service.tasks for service in services.observe(stack, workers.cluster)} == before


@pytest.mark.usefixtures("busy")
def test_configuration_that_airflow_does_not_start_with_is_rolled_back(stack: layout.Stack) -> None:
    """The migration does not see it, and the services do not come up: CloudFormation goes back, and the database too."""
    upgrade = Deploying(stack, layout.MISCONFIGURED_IMAGE)
    assert upgrade.end()
    assert "Circuit Breaker" in reasons(stack, upgrade)
    newest, migration, *_ = executions(stack)
    assert migration["status"] == newest["status"] == "SUCCEEDED"
    assert "Migrate" in states(stack, newest)


@pytest.mark.usefixtures("busy")
def test_update_that_is_cancelled_goes_back(stack: layout.Stack) -> None:
    upgrade = Deploying(stack)
    upgrade.await_state("Drain")
    aws.client(stack, "cloudformation").cancel_update_stack(StackName=layout.STACK_NAME)
    assert upgrade.end()


@pytest.mark.usefixtures("busy")
def test_second_deployment_meanwhile_is_refused(stack: layout.Stack) -> None:
    """By CloudFormation, which makes one at a time; here that one fails."""
    upgrade = Deploying(stack, f"{layout.AIRFLOW_REPOSITORY}:nowhere")
    upgrade.execution()
    cloudformation = aws.client(stack, "cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError, match="UPDATE_IN_PROGRESS"):
        cloudformation.update_stack(StackName=layout.STACK_NAME, UsePreviousTemplate=True)
    assert upgrade.end()


def test_functions_that_are_killed_all_the_time_do_not_stop_an_upgrade(
    stack: layout.Stack, work: Work, api: AirflowApi
) -> None:
    """At last it succeeds: the function dies at many ages, in the middle of whatever it does, yet not nine times in one step.

    From its first step on: that CloudFormation's own request is repeated when a function dies is Lambda's doing, not imitated here.
    """
    services.await_healthy(stack)
    kept = metadata.fingerprint(["upgrade_ended"])
    sleepers = work.start_sleepers("killed-functions", [BUSY_SECONDS] * 4 + [1.0] * 2)
    eventually(lambda: len(sleepers.runs_of_each()) == 4, 60, "the tasks run")
    upgrade = Deploying(stack)
    upgrade.execution()
    kill_function_while(upgrade.thread.is_alive, "metadata_migrator")
    assert not upgrade.end()
    died = count_died(stack, upgrade.execution())
    print(f"{died} tries of its steps died")
    assert died > 3
    services.await_healthy(stack)
    assert metadata.revision() == REVISIONS[NOW]
    assert metadata.fingerprint(["upgrade_ended"]) == kept
    sleepers.await_end(180)
    assert set(sleepers.runs_of_each().values()) == {1}
    assert not work.failures()
    assert api.get("version")["version"] != FORMER


def kill_function_while(goes_on: Callable[[], bool], name: str) -> None:
    """Each of its processes, at an age between half a second and two: as it starts, works, or waits for the next step.

    Every fourth lives for six, which any step ends within. Kills at a fixed beat would fall into step with the pauses between retries,
    1, 2, 4, 8 s: then each try of a step is killed that takes longer than the beat.
    """
    ages = random.Random(0)
    ends: dict[int, float] = {}
    while goes_on():
        for process in owned_processes():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("POWERTOOLS_SERVICE_NAME") != name:
                    continue
                if process.pid not in ends:
                    ends[process.pid] = 6.0 if len(ends) % 4 == 3 else ages.uniform(0.5, 2.0)
                if time.time() - process.create_time() > ends[process.pid]:
                    process.kill()
        time.sleep(0.1)
