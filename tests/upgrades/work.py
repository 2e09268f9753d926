"""Work that is there before an upgrade, goes on during it, and must be as good as done by nobody but its own tries after it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from local import dag_folder, layout
from local.airflow_api import AirflowApi
from tests import sleepers
from tests.sleepers import Sleepers
from tests.waiting import eventually

ENDED_RUNS = 50

DAGS = """
import datetime
import pendulum
from airflow.sdk import dag, task, Variable
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync

BEGIN = pendulum.datetime(2026, 1, 1)

@dag(schedule=None, start_date=BEGIN, max_active_runs=16)
def upgrade_ended():
    @task
    def number(dag_run=None):
        return dag_run.conf["number"]

    @task
    def doubled(value):
        return 2 * value

    doubled(number())

@dag(schedule="* * * * *", start_date=BEGIN, catchup=False, max_active_runs=1)
def upgrade_each_minute():
    @task
    def tick():
        return Variable.get("upgrade_word")

    tick()

@dag(schedule=None, start_date=BEGIN, render_template_as_native_obj=False)
def upgrade_deferred():
    DateTimeSensorAsync(task_id="wait", target_time="{{ dag_run.conf['until'] }}", retries=0)

upgrade_ended(), upgrade_each_minute(), upgrade_deferred()
"""
DAG_IDS = ("upgrade_ended", "upgrade_each_minute", "upgrade_deferred")


@dataclass
class Work:
    """All of it, by the API."""

    api: AirflowApi
    folder: Path
    sleepers_dag: str
    run_ids: list[str] = field(default_factory=list)
    """Of the sleepers that were started here; others of the same DAG are somebody else's."""

    @classmethod
    def install(cls, stack: layout.Stack, api: AirflowApi, folder: Path) -> Work:
        """Upload the DAGs, and let runs of the past be there."""
        (folder / "upgrade.py").write_text(DAGS)
        sleepers_dag = sleepers.install(stack, api, folder, retries=0)
        parsed = {*DAG_IDS}
        eventually(lambda: parsed <= {dag["dag_id"] for dag in api.pages("dags", "dags")}, 90, "the DAGs are parsed")
        api.post("variables", {"key": "upgrade_word", "value": "kept"})
        api.post(
            "connections", {"connection_id": "upgrade_login", "conn_type": "http", "host": "h", "password": "secret"}
        )
        for dag_id in DAG_IDS:
            api.patch(f"dags/{dag_id}", {"is_paused": False})
        for number in range(ENDED_RUNS):
            body = {"logical_date": None, "dag_run_id": f"ended-{number:02}", "conf": {"number": number}}
            api.post("dags/upgrade_ended/dagRuns", body)
        work = cls(api, folder, sleepers_dag)
        eventually(lambda: work.count_ended() == ENDED_RUNS, 180, "the runs of the past end", pause_seconds=2)
        return work

    def count_ended(self) -> int:
        """Of the runs of the past, as the API counts those that succeeded."""
        return int(self.api.get("dags/upgrade_ended/dagRuns", state="success", limit=1)["total_entries"])

    def start_sleepers(self, run_id: str, seconds: list[float]) -> Sleepers:
        """A run with one task for each."""
        self.run_ids.append(run_id)
        return sleepers.start(self.api, self.sleepers_dag, run_id, seconds, self.folder)

    def defer(self, run_id: str, until: str) -> None:
        """A run whose one task waits in the triggerer until that time."""
        body = {"logical_date": None, "dag_run_id": run_id, "conf": json.loads(json.dumps({"until": until}))}
        self.api.post("dags/upgrade_deferred/dagRuns", body)
        eventually(lambda: self.deferred(run_id)["state"] == "deferred", 60, "the task is deferred")

    def deferred(self, run_id: str) -> dict[str, object]:
        """The task instance."""
        return dict(self.api.get(f"dags/upgrade_deferred/dagRuns/{run_id}/taskInstances/wait"))

    def ticks(self) -> int:
        """How many runs of the schedule have succeeded."""
        return int(self.api.get("dags/upgrade_each_minute/dagRuns", state="success", limit=1)["total_entries"])

    def failures(self) -> list[str]:
        """Of every task instance of this work, those that failed or were tried more than once."""
        paths = [f"dags/{dag_id}/dagRuns/~" for dag_id in DAG_IDS]
        paths += [f"dags/{self.sleepers_dag}/dagRuns/{run_id}" for run_id in self.run_ids]
        return [
            f"{each['dag_id']} {each['dag_run_id']} {each['task_id']} {each['state']}"
            for path in paths
            for each in self.api.pages(f"{path}/taskInstances", "task_instances")
            if each["state"] in ("failed", "upstream_failed", "up_for_retry") or each["try_number"] > 1
        ]


def withdraw(stack: layout.Stack, folder: Path) -> None:
    """Let the schedule of this work disturb nobody."""
    (folder / "upgrade.py").unlink()
    dag_folder.upload(stack, folder)
