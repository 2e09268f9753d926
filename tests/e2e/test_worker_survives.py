"""One worker process, and everything that it needs failing in turn: running tasks end well, nothing is stranded.

Worker and scheduler are the services' own; only their way to SQS leads through a proxy that fails when told to.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from local import aws, dag_folder, layout, postgres, services
from local.airflow_api import AirflowApi, AirflowApiError
from local.processes import owned_processes
from tests.e2e import fault_proxy
from tests.e2e.fault_proxy import Fault, FaultProxy
from tests.e2e.test_services import service, set_count
from tests.e2e.workers import SERVICE, Workers
from tests.task_definitions import with_variables
from tests.waiting import eventually

VISIBILITY_SECONDS = 60  # the template's
API_OUTAGE_SECONDS = 120

DAG = """
import time
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), params={"seconds": 1}, max_active_runs=16)
def sleeper():
    @task(retries=0)
    def sleep(params=None):
        time.sleep(params["seconds"])
        return "slept"
    sleep()

sleeper()
"""


@dataclass
class Runs:
    """Runs of the DAG, each of one task that sleeps for as long as it is told."""

    api: AirflowApi

    def start(self, seconds: float) -> str:
        body = {"logical_date": None, "conf": {"seconds": seconds}}
        return str(self.api.post("dags/sleeper/dagRuns", body)["dag_run_id"])

    def task_state(self, run: str) -> str:
        try:
            return str(self.api.get(f"dags/sleeper/dagRuns/{run}/taskInstances/sleep")["state"])
        except AirflowApiError:  # the UI's server needs the database
            return "unknown"

    def start_running(self, seconds: float) -> str:
        run = self.start(seconds)
        eventually(lambda: self.task_state(run) == "running", 60, f"{run} runs")
        return run

    def await_success(self, *runs: str, seconds: float) -> None:
        """Ends as soon as one can succeed no more."""

        def look() -> bool:
            states = [self.task_state(run) for run in runs]
            assert "failed" not in states, dict(zip(runs, states, strict=True))
            return set(states) == {"success"}

        eventually(look, seconds, f"{runs} succeed")

    def states(self) -> set[str]:
        """The states of every task instance that these tests made."""
        return {each["state"] for each in self.api.pages("dags/sleeper/dagRuns/~/taskInstances", "task_instances")}


@dataclass
class Worker:
    """The one worker of these tests."""

    proxy: FaultProxy
    log: Path
    process: psutil.Process

    def healthy(self) -> bool:
        """As ECS sees it: by the template's own check, in the task's environment."""
        command = [str(layout.environment_python("airflow")), "-m", "farflow.healthcheck", "worker"]
        return subprocess.run(command, env=self.process.environ(), check=False, capture_output=True).returncode == 0

    def assert_lives(self) -> None:
        assert self.process.is_running()
        assert self.process.status() != psutil.STATUS_ZOMBIE
        assert self.healthy()
        text = self.log.read_text(errors="replace")
        assert "Unrecoverable error" not in text
        assert "Connection to broker lost" not in text


def owned_by(proxy_url: str, command: str = "") -> list[psutil.Process]:
    """The main processes of the containers whose SQS is at the proxy, those with `command` in their command line."""
    found = []
    for process in owned_processes():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            main = os.getsid(process.pid) == process.pid
            proxied = process.environ().get("AWS_ENDPOINT_URL_SQS") == proxy_url
            if main and proxied and command in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.fixture(scope="module")
def runs(stack: layout.Stack, api: AirflowApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("dags")
    (folder / "sleeper.py").write_text(DAG)
    try:
        dag_folder.upload(stack, folder)
        assert dag_folder.await_parsed(api, folder, seconds=60).dag_ids
        eventually(lambda: "sleeper" in [dag["dag_id"] for dag in api.pages("dags", "dags")], 60, "the DAG")
        api.patch("dags/sleeper", {"is_paused": False})
        yield Runs(api)
    finally:
        dag_folder.upload(stack, layout.ROOT / "dags")


@pytest.fixture(scope="module")
def worker(stack: layout.Stack, cluster: str, workers: Workers, runs: Runs) -> Iterator[Worker]:
    proxy = FaultProxy(stack.aws_port, aws.client(stack, "sqs"))
    variables = {"AWS_ENDPOINT_URL_SQS": proxy.url}
    replaced = workers.ids()
    try:
        with contextlib.ExitStack() as others:
            for name in (SERVICE, "scheduler"):
                others.enter_context(with_variables(stack, cluster, name, variables))
            for task_id in replaced:  # it is protected: a deployment does not stop it
                workers.stop(task_id)
            eventually(lambda: len(owned_by(proxy.url, "celery")) == 1, 90, "one worker, whose SQS is at the proxy")
            eventually(lambda: len(owned_by(proxy.url, "scheduler")) == 1, 60, "one scheduler, likewise")
            (main,) = owned_by(proxy.url, "celery")
            log = Path(main.cwd()) / "output.log"
            eventually(lambda: " ready." in log.read_text(), 60, "it is ready")
            services.await_healthy(stack)
            runs.await_success(runs.start(0), seconds=120)
            yield Worker(proxy, log, main)
            replaced = workers.ids()
    finally:
        for task_id in replaced:
            workers.stop(task_id)
        eventually(lambda: not owned_by(proxy.url), 120, "nothing needs the proxy any more")
        services.await_healthy(stack)
        proxy.shutdown()
        proxy.server_close()


FAULTS = {
    "dropped connections": fault_proxy.dropped,
    "4xx": fault_proxy.answering(*fault_proxy.CLIENT_ERRORS),
    "5xx": fault_proxy.answering(*fault_proxy.SERVER_ERRORS),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_worker_outlives_polls_that_fail(worker: Worker, runs: Runs, fault: Fault) -> None:
    """A task that runs meanwhile ends well though its message cannot be deleted.

    One that is due meanwhile runs afterwards: the scheduler cannot queue it.
    """
    running = runs.start_running(8)
    with worker.proxy.failing(fault) as began:
        waiting = runs.start(1)
        eventually(lambda: worker.proxy.count("ReceiveMessage", began, ok=False) >= 4, 30, "polls fail")
        runs.await_success(running, seconds=20)
        eventually(lambda: worker.proxy.count("DeleteMessage", began, ok=False), 10, "a delete fails")
        eventually(lambda: worker.proxy.count("SendMessage", began, ok=False), 10, "a send fails")
    runs.await_success(waiting, seconds=60)
    worker.assert_lives()


@dataclass
class Outage:
    """The Execution API is away: what runs, and when it began."""

    running: str
    ending: str
    waiting: str
    began: float


@pytest.fixture(scope="module")
def without_execution_api(stack: layout.Stack, cluster: str, worker: Worker, runs: Runs) -> Iterator[Outage]:
    running, ending = runs.start_running(API_OUTAGE_SECONDS + 20), runs.start_running(20)
    (described,) = aws.client(stack, "ecs").describe_services(cluster=cluster, services=["execution-api"])["services"]
    set_count(stack, cluster, "execution-api", 0)
    eventually(lambda: not service(stack, cluster, "execution-api").tasks, 30, "the Execution API is gone")
    try:
        yield Outage(running, ending, runs.start(1), time.monotonic())
    finally:
        set_count(stack, cluster, "execution-api", described["desiredCount"])


def test_worker_outlives_polls_that_time_out(without_execution_api: Outage, worker: Worker) -> None:
    """SQS accepts the connection and says nothing. That the Execution API is away too only saves time here."""
    with worker.proxy.failing(fault_proxy.frozen) as began:
        eventually(lambda: worker.proxy.count("ReceiveMessage", began), 45, "a poll was given up")
        assert worker.healthy()
    thawed = time.monotonic()
    eventually(lambda: worker.proxy.count("ReceiveMessage", thawed), 30, "it polls again")
    worker.assert_lives()


def test_tasks_outlive_two_minutes_without_the_execution_api(
    without_execution_api: Outage, stack: layout.Stack, cluster: str, worker: Worker, runs: Runs
) -> None:
    """One that runs on through it, one that ends meanwhile, and one that is queued meanwhile."""
    outage = without_execution_api
    time.sleep(max(0.0, outage.began + API_OUTAGE_SECONDS - time.monotonic()))
    assert [runs.task_state(run) for run in (outage.running, outage.ending)] == ["running", "running"]
    assert runs.task_state(outage.waiting) == "queued"
    set_count(stack, cluster, "execution-api", 2)
    runs.await_success(outage.running, outage.ending, outage.waiting, seconds=120)
    worker.assert_lives()


def test_tasks_outlive_a_crash_and_a_restart_of_the_database(stack: layout.Stack, worker: Worker, runs: Runs) -> None:
    """First a killed backend, after which PostgreSQL ends all others and recovers; then a reboot as RDS makes it."""
    running, ending = runs.start_running(45), runs.start_running(20)
    backend = next(process for process in owned_processes() if " airflow " in " ".join(process.cmdline()))
    backend.kill()
    recovered = "all server processes terminated; reinitializing"
    eventually(lambda: recovered in postgres.LOG.read_text(), 10, "PostgreSQL recovers from a crash")
    crashed = runs_after(runs, 60)
    os.kill(stack.supervisor_pid, signal.SIGHUP)
    log = layout.LOGS / "supervisor.log"
    eventually(lambda: "restarted PostgreSQL" in log.read_text(), 60, "PostgreSQL is back")
    restarted = runs_after(runs, 60)
    runs.await_success(running, ending, crashed, restarted, seconds=120)
    services.await_healthy(stack)
    worker.assert_lives()


def runs_after(runs: Runs, seconds: float) -> str:
    """A run that is started as soon as the UI's server can."""

    def start() -> str:
        try:
            return runs.start(1)
        except AirflowApiError:
            return ""

    return str(eventually(start, seconds, "a run can be started"))


def test_nothing_is_stranded(stack: layout.Stack, worker: Worker, runs: Runs) -> None:
    """After all of the above: the same process, no message left, every task instance done."""
    queue = aws.outputs(stack)["WorkQueueUrl"]
    (dead_letters,) = [url for url in aws.client(stack, "sqs").list_queues()["QueueUrls"] if "WorkDeadLetter" in url]
    eventually(lambda: aws.queue_depth(stack, queue) == (0, 0), 2 * VISIBILITY_SECONDS + 30, "an empty queue")
    assert aws.queue_depth(stack, dead_letters) == (0, 0)
    assert runs.states() <= {"success"}
    worker.assert_lives()
