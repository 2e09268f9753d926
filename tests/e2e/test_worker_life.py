"""A real worker told to drain and called back, and one told to stop: each task runs once, and ends well."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from farflow.worker_life import Order
from local import aws, dag_folder, layout
from local.airflow_api import AirflowApi
from tests import sleepers
from tests.e2e.workers import LONG_POLL_SECONDS, Workers
from tests.waiting import eventually

REPORT_SECONDS = 10
HEARD_SECONDS = 5
"""A signal is heard by then."""


@pytest.fixture(scope="module")
def dag_id(stack: layout.Stack, api: AirflowApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    try:
        yield sleepers.install(stack, api, tmp_path_factory.mktemp("dags"), retries=0)
    finally:
        dag_folder.upload(stack, layout.ROOT / "dags")


def running(run: sleepers.Sleepers) -> int:
    return sum(each.state == "running" for each in run.instances())


def assert_each_ran_once(run: sleepers.Sleepers) -> None:
    assert [each for each in run.instances() if each.state != "success" or each.tries != 1] == []
    assert run.runs_of_each() == dict.fromkeys(range(run.count), 1)


def test_drained_worker_ends_its_task_and_works_on_when_it_is_called_back(
    stack: layout.Stack, workers: Workers, api: AirflowApi, dag_id: str, tmp_path: Path
) -> None:
    queue = aws.outputs(stack)["WorkQueueUrl"]
    (worker,) = workers.ids()
    run = sleepers.start(api, dag_id, "drained", [12.0], tmp_path)
    eventually(lambda: running(run) == 1, 60, "the task runs")
    workers.order(worker, Order.DRAIN)
    workers.await_phase(worker, "draining", REPORT_SECONDS)
    workers.await_phase(worker, "drained", LONG_POLL_SECONDS + REPORT_SECONDS + 12)
    assert_each_ran_once(run)
    later = sleepers.start(api, dag_id, "later", [0.0, 0.0], tmp_path)
    eventually(lambda: aws.queue_depth(stack, queue)[0] > 0, 30, "a message waits")
    assert workers.ids() == [worker]
    workers.order(worker, Order.ACCEPT)
    later.await_end(60)
    assert_each_ran_once(later)
    assert workers.item(worker)["phase"] == "accepting"


def test_worker_told_to_stop_ends_its_tasks_and_leaves_the_rest_to_the_next(
    stack: layout.Stack, workers: Workers, api: AirflowApi, dag_id: str, tmp_path: Path
) -> None:
    """More tasks than it has slots: those that wait are in the queue, and none is in flight when it is gone."""
    queue = aws.outputs(stack)["WorkQueueUrl"]
    (worker,) = workers.ids()
    run = sleepers.start(api, dag_id, "stopped", [120.0] * 7, tmp_path)
    eventually(lambda: running(run) >= 2, 60, "it is busy")
    workers.set_count(0)
    workers.stop(worker)
    time.sleep(HEARD_SECONDS)
    assert running(run) >= 2
    run.wake()
    workers.await_gone(worker, LONG_POLL_SECONDS + 60)
    waiting, in_flight = aws.queue_depth(stack, queue)
    assert in_flight == 0
    assert waiting > 0
    workers.set_count(1)
    run.await_end(90)
    assert_each_ran_once(run)
    eventually(lambda: aws.queue_depth(stack, queue) == (0, 0), 15, "every message was deleted")
