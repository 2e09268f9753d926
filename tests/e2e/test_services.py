"""The Airflow services as ECS services: counted, replaced, and needing only what they must."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local import aws, dag_folder, demo_runs, layout, services
from local.airflow_api import AirflowApi
from local.processes import owned_processes
from local.timeline import Timeline
from tests.e2e.workers import LONG_POLL_SECONDS, SERVICE, Workers
from tests.waiting import eventually


def set_count(stack: layout.Stack, cluster: str, service: str, count: int) -> None:
    aws.client(stack, "ecs").update_service(cluster=cluster, service=service, desiredCount=count)


def service(stack: layout.Stack, cluster: str, name: str) -> services.Service:
    return next(service for service in services.observe(stack, cluster) if service.name == name)


def container_processes(address: str) -> list[psutil.Process]:
    """The main processes of the task at `address`."""
    return [process for process in owned_processes() if process.environ().get("HOSTNAME") == address]


@pytest.fixture
def restored(stack: layout.Stack, cluster: str, workers: Workers) -> Iterator[None]:
    """Give every service back the count that it had."""
    before = {service.name: service.desired for service in services.observe(stack, cluster)}
    yield
    for name, count in before.items():
        set_count(stack, cluster, name, count)
    workers.stop_down_to(before[SERVICE])  # they are protected: the count alone stops nobody
    services.await_healthy(stack)


@pytest.mark.usefixtures("restored")
def test_desired_count_of_two_gives_a_second_real_worker(stack: layout.Stack, cluster: str) -> None:
    set_count(stack, cluster, SERVICE, 2)
    eventually(lambda: len(service(stack, cluster, SERVICE).tasks) == 2, 30, "two worker tasks")
    tasks = service(stack, cluster, SERVICE).tasks
    assert len({task.address for task in tasks}) == 2
    logs = [next(layout.CONTAINERS.glob(f"*{task.id[:8]}-worker")) / "output.log" for task in tasks]
    eventually(lambda: all("ready." in log.read_text() for log in logs), 60, "both workers are ready")
    queue = aws.outputs(stack)["WorkQueueUrl"]
    assert aws.queue_depth(stack, queue) == (0, 0)


def test_killed_worker_is_replaced(stack: layout.Stack, cluster: str) -> None:
    (before,) = service(stack, cluster, SERVICE).tasks
    for process in container_processes(before.address):
        process.kill()
    (after,) = eventually(
        lambda: [task for task in service(stack, cluster, SERVICE).tasks if task.id != before.id],
        60,
        "another worker task",
    )
    log = next(layout.CONTAINERS.glob(f"*{after.id[:8]}-worker")) / "output.log"
    eventually(lambda: "ready." in log.read_text(), 60, "the new worker is ready")


@pytest.mark.usefixtures("restored")
def test_tasks_run_without_the_ui(stack: layout.Stack, cluster: str, api: AirflowApi, examples: list[str]) -> None:
    """Stopped while a run is under way, the UI's server is missed by nobody but people."""
    timeline = Timeline()
    demo_runs.run_dags(api, ["dynamic_mapping"], timeline)  # warm, so that what follows is about the UI alone
    api.post("dags/dynamic_mapping/dagRuns", {"logical_date": None, "dag_run_id": "without-ui"})
    set_count(stack, cluster, "ui", 0)
    eventually(lambda: not service(stack, cluster, "ui").tasks, 30, "the UI is stopped")
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["LogsBucketName"]
    prefix = "task-logs/dag_id=dynamic_mapping/run_id=without-ui/task_id=total/"
    eventually(
        lambda: s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"], 90, "the run's last task left its log"
    )
    set_count(stack, cluster, "ui", 1)
    services.await_healthy(stack)
    assert api.get("dags/dynamic_mapping/dagRuns/without-ui")["state"] == "success"


@pytest.mark.usefixtures("restored")
def test_ui_serves_alone(
    stack: layout.Stack, cluster: str, workers: Workers, api: AirflowApi, examples: list[str]
) -> None:
    for name in services.NAMES:
        if name != "ui":
            set_count(stack, cluster, name, 0)
    workers.stop_down_to(0)
    eventually(
        lambda: all(not service.tasks for service in services.observe(stack, cluster) if service.name != "ui"),
        60,
        "everything else is stopped",
    )
    assert {dag["dag_id"] for dag in api.pages("dags", "dags")} >= set(examples)
    page = urllib.request.Request(stack.aws_url, headers={"Host": aws.ui_url(stack).removeprefix("http://")})
    with urllib.request.urlopen(page, timeout=30) as answer:
        assert b"<html" in answer.read().lower()


@pytest.mark.parametrize("name", services.NAMES)
def test_health_check_of_a_healthy_service_passes(stack: layout.Stack, cluster: str, name: str) -> None:
    """The template's own command, in the environment of the service's task."""
    task = service(stack, cluster, name).tasks[0]
    environ = container_processes(task.address)[0].environ()

    def check() -> bool:
        command = [str(layout.environment_python("airflow")), "-m", "farflow.healthcheck", name]
        return subprocess.run(command, env=environ, check=False, capture_output=True).returncode == 0

    eventually(check, 60, f"{name} is healthy")


def test_health_check_of_a_silent_service_fails(stack: layout.Stack, cluster: str) -> None:
    """Asked at an address where no server is."""
    environ = container_processes(service(stack, cluster, "ui").tasks[0].address)[0].environ()
    command = [str(layout.environment_python("airflow")), "-m", "farflow.healthcheck", "ui"]
    nowhere = {**environ, "FARFLOW_LOOPBACK": environ["FARFLOW_LOOPBACK"].rpartition(".")[0] + ".254"}
    assert subprocess.run(command, env=nowhere, check=False, capture_output=True).returncode == 1


def test_nothing_started_before_the_first_migration_ended(stack: layout.Stack, cluster: str) -> None:
    ecs = aws.client(stack, "ecs")
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=status)  # type: ignore[arg-type]
        for arn in page["taskArns"]
    ]
    tasks = [
        task
        for start in range(0, len(arns), 100)
        for task in ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + 100])["tasks"]
    ]
    migrations = [task for task in tasks if "-migration:" in task["taskDefinitionArn"]]
    others = [task for task in tasks if task not in migrations]
    first = min(migrations, key=lambda task: task["createdAt"])
    assert first["containers"][0]["exitCode"] == 0
    assert len(others) >= len(services.NAMES)
    assert min(task["createdAt"] for task in others) >= first["stoppedAt"]


HOLDING_DAG = """
import time
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), params={"seconds": 0})
def holding():
    @task
    def hold(params=None):
        time.sleep(params["seconds"])
    hold()

holding()
"""


def test_stopped_worker_ends_its_task_and_gives_back_what_it_received(
    stack: layout.Stack, cluster: str, workers: Workers, api: AirflowApi, tmp_path: Path
) -> None:
    """Told to stop while a task runs and a poll is open: the task ends well, a message that still comes in runs elsewhere."""
    (tmp_path / "holding.py").write_text(HOLDING_DAG)
    runs = "dags/holding/dagRuns"

    def state(run_id: str) -> str:
        return str(api.get(f"{runs}/{run_id}")["state"])

    def start(run_id: str, seconds: int) -> None:
        api.post(runs, {"logical_date": None, "dag_run_id": run_id, "conf": {"seconds": seconds}})

    try:
        dag_folder.upload(stack, tmp_path)
        dag_folder.await_parsed(api, tmp_path, seconds=60)
        api.patch("dags/holding", {"is_paused": False})
        start("long", 20)
        held = f"{runs}/long/taskInstances/hold"
        eventually(lambda: api.get(held)["state"] == "running", 30, "the long task runs")
        (worker,) = service(stack, cluster, SERVICE).tasks
        workers.stop(worker.id)
        start("short", 0)
        output = next(layout.CONTAINERS.glob(f"*{worker.id[:8]}-worker")) / "output.log"
        eventually(lambda: "is gone, releasing" in output.read_text(), LONG_POLL_SECONDS, "the message was given back")
        eventually(lambda: state("long") == "success", 60, "the long task ended well")
        workers.await_gone(worker.id, 30)
        eventually(lambda: state("short") == "success", 90, "the short task ran")
        assert api.get(held)["try_number"] == 1
        queue = aws.outputs(stack)["WorkQueueUrl"]
        eventually(lambda: aws.queue_depth(stack, queue) == (0, 0), 15, "every message was deleted")
    finally:
        dag_folder.upload(stack, layout.ROOT / "dags")


def test_execution_api_does_not_log_each_heartbeat(stack: layout.Stack, cluster: str, examples: list[str]) -> None:
    logs = [
        (next(layout.CONTAINERS.glob(f"*{task.id[:8]}-execution-api")) / "output.log").read_text()
        for task in service(stack, cluster, "execution-api").tasks
    ]
    assert all("Application startup complete" in log for log in logs)
    assert not any("http.access" in log for log in logs)


def test_container_output_is_in_its_log_group(stack: layout.Stack) -> None:
    logs = aws.client(stack, "logs")
    events = logs.filter_log_events(logGroupName=f"/farflow/{layout.STACK_NAME}/migration")["events"]
    assert any("migration: done" in event["message"] for event in events)
