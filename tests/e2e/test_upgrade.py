"""A deployment with another Airflow: the version before, and back again, each time with work under way.

The local stack runs two real versions, 3.2 with the packages of its time. What becomes of a broken upgrade: `tests/upgrades`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local import layout, services
from local.airflow_api import AirflowApi
from tests.e2e.workers import Workers
from tests.upgrades import metadata
from tests.upgrades.deploying import Deploying
from tests.upgrades.versions import FORMER, NOW, REVISIONS, image, snapshots
from tests.upgrades.work import ENDED_RUNS, Work, withdraw
from tests.waiting import eventually

RUNNING, QUEUED = [180.0] * 4, [1.0] * 3
"""More than the one worker has slots for, which are three or four. They are woken while it drains."""
DRAINING_SECONDS = 8.0
"""By then the worker has its order, and takes nothing from the queue when a slot is free."""


@pytest.fixture(scope="module")
def work(stack: layout.Stack, api: AirflowApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    folder: Path = tmp_path_factory.mktemp("upgrade")
    yield Work.install(stack, api, folder)
    withdraw(stack, folder)


@pytest.mark.parametrize("version", [FORMER, NOW])
def test_exchanged_version_ends_no_task_and_loses_nothing(
    stack: layout.Stack, api: AirflowApi, workers: Workers, work: Work, version: str
) -> None:
    """Running tasks finish, queued ones are run by the other version, deferred ones go on, and so do schedules."""
    kept = metadata.fingerprint(["upgrade_ended"])
    before = snapshots(stack)
    work.defer(f"to-{version}", (datetime.now(UTC) + timedelta(seconds=75)).isoformat())
    sleepers = work.start_sleepers(f"to-{version}", RUNNING + QUEUED)
    eventually(lambda: len(sleepers.runs_of_each()) >= 3, 60, "tasks run in the worker's slots")
    old_worker = workers.ids()
    upgrade = Deploying(stack, image(version))
    upgrade.await_state("Drain")
    time.sleep(DRAINING_SECONDS)
    assert len(sleepers.runs_of_each()) <= len(RUNNING), "some wait in the queue"
    sleepers.wake()
    assert not upgrade.end()
    services.await_healthy(stack)
    ticks = work.ticks()

    assert metadata.revision() == REVISIONS[version]
    assert len(snapshots(stack)) == len(before) + 1
    assert metadata.fingerprint(["upgrade_ended"]) == kept
    assert work.count_ended() == ENDED_RUNS
    sleepers.await_end(120)
    assert sleepers.state() == "success"
    assert set(sleepers.runs_of_each().values()) == {1}, "each task ran once"
    eventually(lambda: work.deferred(f"to-{version}")["state"] == "success", 120, "the deferred task goes on")
    eventually(lambda: work.ticks() > ticks, 90, "the schedule goes on")
    assert not work.failures()
    assert not set(workers.ids()) & set(old_worker)
    eventually(
        lambda: [workers.item(each).get("phase") for each in workers.ids()] == ["accepting"],
        180,
        "there is one worker as before, of this version",
    )
    print(f"{version}: nobody scheduled for {metadata.pause_of_scheduling():.0f} s")
