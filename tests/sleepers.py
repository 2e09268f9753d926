"""Tasks that sleep, until they are woken at the latest, and leave a line in a file for each time that they run."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from local import dag_folder, layout
from local.airflow_api import AirflowApi
from tests.waiting import eventually

DAG = """
import os, time
from datetime import timedelta
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), max_active_tasks=500, max_active_runs=16)
def DAG_ID():
    @task
    def lengths(params=None, dag_run=None):
        return dag_run.conf["seconds"]

    @task(retries=RETRIES, retry_delay=timedelta(seconds=1))
    def sleep(seconds, dag_run=None, ti=None):
        began = os.open(dag_run.conf["record"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.write(began, f"{ti.map_index} {ti.hostname}\\n".encode())
        os.close(began)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not os.path.exists(dag_run.conf["record"] + ".woken"):
            time.sleep(0.2)

    sleep.expand(seconds=lengths())

DAG_ID()
"""


@dataclass(frozen=True)
class TaskInstance:
    """One sleeping task, as Airflow's API tells of it."""

    index: int
    state: str
    tries: int
    hostname: str


@dataclass(frozen=True)
class Sleepers:
    """One run of the DAG."""

    api: AirflowApi
    dag_id: str
    run_id: str
    record: Path
    count: int

    def instances(self) -> list[TaskInstance]:
        found = self.api.pages(
            f"dags/{self.dag_id}/dagRuns/{self.run_id}/taskInstances", "task_instances", task_id="sleep"
        )
        return [
            TaskInstance(each["map_index"], str(each["state"]), each["try_number"], each["hostname"] or "")
            for each in found
            if each["task_id"] == "sleep" and each["map_index"] >= 0
        ]

    def wake(self) -> None:
        """End those that sleep; whoever begins later ends at once."""
        self.record.with_name(f"{self.record.name}.woken").touch()

    def state(self) -> str:
        return str(self.api.get(f"dags/{self.dag_id}/dagRuns/{self.run_id}")["state"])

    def await_end(self, seconds: float) -> None:
        eventually(lambda: self.state() in ("success", "failed"), seconds, f"{self.run_id} ends", pause_seconds=2)

    def runs_of_each(self) -> Counter[int]:
        """How often each task began to run, by its index."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return Counter(int(line.split()[0]) for line in lines)


def install(stack: layout.Stack, api: AirflowApi, folder: Path, retries: int) -> str:
    """Upload the DAG and unpause it. Returns its id, which tells its retries: a run never has those of an earlier upload."""
    dag_id = f"sleepers_{retries}"
    (folder / f"{dag_id}.py").write_text(DAG.replace("RETRIES", str(retries)).replace("DAG_ID", dag_id))
    dag_folder.upload(stack, folder)
    assert dag_folder.await_parsed(api, folder, seconds=90).dag_ids
    eventually(lambda: dag_id in [dag["dag_id"] for dag in api.pages("dags", "dags")], 60, "the DAG")
    api.patch(f"dags/{dag_id}", {"is_paused": False})
    return dag_id


def start(api: AirflowApi, dag_id: str, run_id: str, seconds: list[float], folder: Path) -> Sleepers:
    """A run with one task for each of `seconds`."""
    record = folder / f"{run_id}.txt"
    conf = {"seconds": seconds, "record": str(record)}
    api.post(
        f"dags/{dag_id}/dagRuns", {"logical_date": None, "dag_run_id": run_id, "conf": json.loads(json.dumps(conf))}
    )
    return Sleepers(api, dag_id, run_id, record, len(seconds))
