"""Tasks that run for longer than a deployment may wait: they end before it begins, and none of them is ended.

`make upgrade` as it is, but for `sam deploy`, which the local stack calls with what it alone knows.
"""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest

from local import deploy, layout, services
from local.airflow_api import AirflowApi
from local.deployed import find
from local.drain_ahead import DrainAhead
from local.upgrade_history import executions
from local.upgrade_machine import UpgradeMachine
from tests.e2e.workers import Workers
from tests.sleepers import Sleepers
from tests.task_definitions import with_variables
from tests.upgrades import metadata
from tests.upgrades.versions import FORMER, NOW, REVISIONS, deploy_version, states
from tests.upgrades.work import ENDED_RUNS, Work
from tests.waiting import eventually

LONG_SECONDS = 300.0
"""More than a refused deployment takes, rollback included, on a busy machine too."""
TOKEN_SECONDS = 60.0


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def ahead(stack: layout.Stack, said: list[str], monkeypatch: pytest.MonkeyPatch) -> DrainAhead:
    services.await_healthy(stack)
    monkeypatch.delenv("ENV", raising=False)
    return DrainAhead(UpgradeMachine(find()), said.append, time.sleep)


@pytest.fixture
def kept(stack: layout.Stack, work: Work) -> Iterator[None]:
    """What is there before is there afterwards, and the version before works."""
    before = metadata.fingerprint(["upgrade_ended"])
    yield
    services.await_healthy(stack)
    assert metadata.revision() == REVISIONS[FORMER]
    assert metadata.fingerprint(["upgrade_ended"]) == before
    assert work.count_ended() == ENDED_RUNS
    after = work.start_sleepers(f"after-drain-{os.urandom(4).hex()}", [1.0])
    after.await_end(120)
    assert after.state() == "success"
    assert not work.failures()


def started(work: Work, run_id: str, seconds: float) -> Sleepers:
    sleepers = work.start_sleepers(run_id, [seconds] * 2)
    eventually(lambda: len(sleepers.runs_of_each()) == 2, 60, "the tasks run")
    return sleepers


@pytest.mark.usefixtures("kept")
def test_task_that_a_deployment_does_not_wait_for_is_waited_for_ahead(
    stack: layout.Stack, api: AirflowApi, work: Work, ahead: DrainAhead, said: list[str]
) -> None:
    sleepers = started(work, "drained-ahead", LONG_SECONDS)

    def deploy_now() -> int:
        assert sleepers.runs_of_each() == {0: 1, 1: 1}
        deploy_version(stack, NOW, UpgradeDrainMinutes="1")
        return 0

    with pytest.raises(deploy.DeployError):
        deploy_now()
    assert {each.state for each in sleepers.instances()} == {"running"}, "none was ended"
    assert metadata.revision() == REVISIONS[FORMER]

    count = len(executions(stack))
    assert ahead.upgrade(1, deploy_now) == 0
    services.await_healthy(stack)
    assert metadata.revision() == REVISIONS[NOW]
    assert api.get("version")["version"] != FORMER
    sleepers.await_end(60)
    assert sleepers.state() == "success"
    assert sleepers.runs_of_each() == {0: 1, 1: 1}, "each task ran once"
    drain, upgrade = executions(stack)[-1 - count], executions(stack)[-2 - count]
    assert drain["status"] == upgrade["status"] == "SUCCEEDED"
    assert states(stack, drain)[-3:] == ["AwaitDeployment", "IsHandedOver", "Succeeded"]
    assert "StartServices" not in states(stack, drain)
    assert "Migrate" in states(stack, upgrade)
    assert "Drain: 1 of default still work" in said
    print("\n".join(said))
    deploy_version(stack, FORMER, UpgradeDrainMinutes="30")


@pytest.mark.usefixtures("kept")
def test_drain_without_a_deployment_is_ended_and_the_version_before_works(
    stack: layout.Stack, work: Work, workers: Workers, ahead: DrainAhead, said: list[str]
) -> None:
    """As when the user declines the changeset, or `sam deploy` fails before it comes to the upgrade."""
    sleepers = started(work, "declined", 20.0)
    counts = {service.name: service.desired for service in services.observe(stack, workers.cluster)}

    def declined() -> int:
        present = {service.name: len(service.tasks) for service in services.observe(stack, workers.cluster)}
        assert (present["scheduler"], present["worker-default"], present["ui"]) == (0, 0, 1)
        assert sleepers.runs_of_each() == {0: 1, 1: 1}
        return 1

    assert ahead.upgrade(1, declined) == 1
    assert said[-1] == "what was stopped is started"
    eventually(
        lambda: {each.name: each.desired for each in services.observe(stack, workers.cluster)} == counts,
        60,
        "all have as many tasks as before",
    )
    sleepers.await_end(60)
    assert sleepers.state() == "success"
    assert {execution["status"] for execution in executions(stack)[:2]} == {"SUCCEEDED"}


@pytest.mark.usefixtures("kept")
def test_queued_tasks_outlive_a_drain_that_takes_longer_than_their_tokens(
    stack: layout.Stack, work: Work, workers: Workers, ahead: DrainAhead
) -> None:
    """Nobody migrates, so their messages wait all the while. Half an hour, shortened to a minute here."""
    variables = {
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": f"{TOKEN_SECONDS:.0f}",
        "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
    }
    with with_variables(stack, workers.cluster, "scheduler", variables):
        services.await_healthy(stack)
        began = time.monotonic()
        sleepers = work.start_sleepers("outlived", [2 * TOKEN_SECONDS] * 4 + [0.0] * 3)
        eventually(lambda: len(sleepers.runs_of_each()) >= 3, 60, "tasks run in the worker's slots")

        def declined() -> int:
            assert time.monotonic() - began > TOKEN_SECONDS
            assert len(sleepers.runs_of_each()) <= 4, "some wait in the queue"
            return 1

        assert ahead.upgrade(1, declined) == 1
        sleepers.await_end(300)
        assert sleepers.state() == "success"
        assert set(sleepers.runs_of_each().values()) == {1}
        logs = [path.read_text(errors="replace") for path in layout.CONTAINERS.glob("*-worker/output.log")]
        assert any("waited for too long" in log for log in logs)
    services.await_healthy(stack)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_interrupted_command_starts_all_again_and_ends_no_task(
    stack: layout.Stack, work: Work, number: signal.Signals
) -> None:
    """Ctrl+C, or a terminal that is closed, on which nothing can be told any more."""
    sleepers = started(work, f"interrupted-{number.name}", 45.0)
    terminal, its_end = pty.openpty()
    with (
        os.fdopen(terminal, errors="replace") as shown,
        subprocess.Popen(
            [str(layout.environment_python("tools")), "-m", "local.drain_ahead", "upgrade"],
            cwd=layout.ROOT,
            env={**os.environ, "PYTHONPATH": str(layout.ROOT / "layers" / "control_plane"), "ENV": ""},
            stdout=its_end,
        ) as command,
    ):
        os.close(its_end)
        while "Drain: " not in shown.readline():
            pass
        if number is signal.SIGHUP:
            shown.close()
        command.send_signal(number)
        assert command.wait(120) != 0
    assert [execution["name"].partition("-")[0] for execution in executions(stack)[:2]] == ["resume", "drain"]
    assert {execution["status"] for execution in executions(stack)[:2]} == {"SUCCEEDED"}
    sleepers.await_end(120)
    assert sleepers.state() == "success"
    assert sleepers.runs_of_each() == {0: 1, 1: 1}
