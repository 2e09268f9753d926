"""A newer patch of the same Airflow: the database fits already, so nothing is paused, and services roll as with any deployment."""

from __future__ import annotations

from local import layout, services
from local.airflow_api import AirflowApi
from local.upgrade_history import executions
from tests.e2e.workers import Workers
from tests.upgrades import metadata
from tests.upgrades.versions import NOW, REVISIONS, deploy_version, snapshots, states
from tests.upgrades.work import ENDED_RUNS, Work
from tests.waiting import eventually

PATCH = "3.3.1"


def test_patch_is_rolled_out_without_a_pause(
    stack: layout.Stack, api: AirflowApi, work: Work, workers: Workers
) -> None:
    """Workers by the scaler, when what they run has ended."""
    deploy_version(stack, PATCH, WorkerScaling="economy", WorkerMinimum="1")
    services.await_healthy(stack)
    assert api.get("version")["version"] == PATCH
    kept, before = metadata.fingerprint(["upgrade_ended"]), snapshots(stack)
    eventually(workers.ids, 120, "there is a worker")
    sleepers = work.start_sleepers("patch", [30.0] * 4)
    eventually(lambda: len(sleepers.runs_of_each()) == 4, 120, "the tasks run")
    old_workers = set(workers.ids())

    deploy_version(stack, NOW, WorkerScaling="economy", WorkerMinimum="1")
    services.await_healthy(stack)
    assert states(stack, executions(stack)[0])[-2:] == ["Answer", "Succeeded"]
    assert "PauseScheduling" not in states(stack, executions(stack)[0])
    assert snapshots(stack) == before
    assert metadata.revision() == REVISIONS[NOW]
    assert metadata.fingerprint(["upgrade_ended"]) == kept
    assert work.count_ended() == ENDED_RUNS
    assert api.get("version")["version"] != PATCH
    sleepers.await_end(120)
    assert set(sleepers.runs_of_each().values()) == {1}, "each task ran once"
    eventually(lambda: workers.ids() and not old_workers & set(workers.ids()), 240, "the workers are of the new patch")
    assert not work.failures()
