"""Hundreds of tasks while workers come, drain, are rolled out anew and are told to stop: each runs once, and ends well."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from local import aws, layout
from local.airflow_api import AirflowApi
from local.processes import owned_processes
from tests import sleepers
from tests.soak import revisions
from tests.soak.revisions import SERVICE
from tests.waiting import eventually

TASKS = 500
SEED = 20261128
LONGEST_SECONDS = 60.0
"""Shorter than the 120 s that a worker has to end its tasks when it is told to stop."""


def lengths(chance: random.Random, count: int) -> list[float]:
    """Mostly short, some long."""
    return [
        round(chance.choice((0.2, 1.0, 2.0, 5.0, 12.0)) * chance.uniform(0.5, 1.5), 1) for _ in range(count - 20)
    ] + [round(chance.uniform(30.0, LONGEST_SECONDS), 1) for _ in range(20)]


class Churn:
    """What happens to the workers meanwhile, at random moments."""

    def __init__(self, stack: layout.Stack, cluster: str, chance: random.Random) -> None:
        self.stack = stack
        self.cluster = cluster
        self.chance = chance
        self.done: list[str] = []
        self._ecs = aws.client(stack, "ecs")

    def tasks(self) -> list[str]:
        return list(
            self._ecs.list_tasks(cluster=self.cluster, serviceName=SERVICE, desiredStatus="RUNNING")["taskArns"]
        )

    def drain_one(self) -> None:
        """As the scaler would; it calls the worker back at its next look, when it needs it."""
        arns = self.tasks()
        if arns:
            task_id = self.chance.choice(arns).rpartition("/")[2]
            aws.client(self.stack, "dynamodb").update_item(
                TableName=aws.state_table(self.stack),
                Key={"id": {"S": f"worker#{task_id}"}},
                UpdateExpression="SET #order = :drain",
                ExpressionAttributeNames={"#order": "order"},
                ExpressionAttributeValues={":drain": {"S": "drain"}},
            )
            self.done.append("drain")

    def deploy(self) -> None:
        """A new revision, which the scaler rolls out."""
        revisions.register(self.stack, self.cluster)
        self.done.append("deploy")

    def stop_one(self) -> None:
        """SIGTERM, as Spot's notice or the retirement of a host brings it."""
        arns = self.tasks()
        if arns:
            self._ecs.stop_task(cluster=self.cluster, task=self.chance.choice(arns), reason="a soak test")
            self.done.append("stop")


@contextmanager
def repeated(
    act: Callable[[], None], chance: random.Random, pauses: tuple[float, float]
) -> Iterator[list[BaseException]]:
    """Call `act` again and again meanwhile, after a pause of so many seconds each. Gives the errors that it raised."""
    ended, errors = threading.Event(), []

    def run() -> None:
        while not ended.wait(chance.uniform(*pauses)):
            try:
                act()
            except Exception as error:  # noqa: BLE001 - told below
                errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield errors
    finally:
        ended.set()
        thread.join()


def assert_nothing_is_stranded(stack: layout.Stack) -> None:
    queue = aws.outputs(stack)["WorkQueueUrl"]
    eventually(lambda: aws.queue_depth(stack, queue) == (0, 0), 30, "an empty queue, with nothing in flight")
    for url in aws.client(stack, "sqs").list_queues()["QueueUrls"]:
        assert "WorkDeadLetter" not in url or aws.queue_depth(stack, url) == (0, 0), url


@pytest.mark.parametrize("what", ["scaled and deployed", "also told to stop"])
def test_no_task_is_killed_nor_run_twice(
    stack: layout.Stack, cluster: str, api: AirflowApi, tmp_path: Path, what: str
) -> None:
    chance = random.Random(SEED)
    churn = Churn(stack, cluster, chance)
    folder = tmp_path / "dags"
    folder.mkdir()
    dag_id = sleepers.install(stack, api, folder, retries=0)
    # A deployment replaces each worker, which takes two processors half a minute.
    acts = [(churn.drain_one, (3.0, 15.0)), (churn.deploy, (60.0, 150.0))]
    if what == "also told to stop":
        acts.append((churn.stop_one, (15.0, 60.0)))
    with ExitStack() as meanwhile:
        errors = [
            meanwhile.enter_context(repeated(act, random.Random(SEED + number), pauses))
            for number, (act, pauses) in enumerate(acts)
        ]
        runs = []
        for wave in range(5):
            runs.append(sleepers.start(api, dag_id, f"{what[:3]}-{wave}", lengths(chance, TASKS // 5), tmp_path))
            time.sleep(chance.uniform(20.0, 70.0))
        for run in runs:
            run.await_end(1200)
    assert not any(errors), errors
    assert {"drain", "deploy"} <= set(churn.done), churn.done
    instances = [each for run in runs for each in run.instances()]
    assert len(instances) == TASKS
    assert [each for each in instances if each.state != "success" or each.tries != 1] == []
    assert [index for run in runs for index, times in run.runs_of_each().items() if times != 1] == []
    assert sum(len(run.runs_of_each()) for run in runs) == TASKS
    assert_nothing_is_stranded(stack)
    print(
        f"\n{TASKS} tasks once each, through {len(churn.done)} changes: "
        + ", ".join(f"{churn.done.count(kind)} {kind}" for kind in sorted(set(churn.done)))
    )


def test_worker_that_is_killed_costs_its_own_tasks_a_retry_and_nobody_else_anything(
    stack: layout.Stack, cluster: str, api: AirflowApi, tmp_path: Path
) -> None:
    """SIGKILL of all its processes, as a host that is lost."""
    folder = tmp_path / "dags"
    folder.mkdir()
    dag_id = sleepers.install(stack, api, folder, retries=2)
    run = sleepers.start(api, dag_id, "killed", [40.0] * 12, tmp_path)
    busy = eventually(
        lambda: (
            {each.hostname for each in run.instances() if each.state == "running" and each.hostname}
            if sum(each.state == "running" for each in run.instances()) >= 8
            else set()
        ),
        240,
        "two workers are busy",
    )
    victim = min(busy)
    its_own = {each.index for each in run.instances() if each.hostname == victim and each.state == "running"}
    killed_at = time.monotonic()
    for process in owned_processes():
        try:
            if process.environ().get("HOSTNAME") == victim or victim in process.environ().get("FARFLOW_HOST", ""):
                os.kill(process.pid, signal.SIGKILL)
        except (psutil.Error, ProcessLookupError):
            continue
    run.await_end(900)
    retried = {each.index for each in run.instances() if each.tries > 1}
    assert run.state() == "success"
    assert retried == its_own
    assert all(times == (2 if index in its_own else 1) for index, times in run.runs_of_each().items())
    assert_nothing_is_stranded(stack)
    print(
        f"\n{len(its_own)} tasks of the killed worker ran again, all ended {time.monotonic() - killed_at:.0f} s later"
    )
