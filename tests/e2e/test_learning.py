"""How long tasks take: learnt from the metadata database by the deployed function, kept in the state table, and used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from control_plane.worker_scaling.scaling_state import ScalingState
from control_plane.worker_scaling.workload import Workload
from local import aws, dag_folder, deploy, layout
from local.airflow_api import AirflowApi
from tests.e2e.test_deployment import function
from tests.e2e.workers import Workers
from tests.waiting import eventually
from workload_metrics.durations import Durations, Learnt
from workload_metrics.learnt_state import LearntState

SECONDS = 12
"""Far from what an unknown task is taken for, and long enough that a look comes before it is overdue."""
DAG = f"""
import time
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1))
def lesson():
    @task
    def sleep():
        time.sleep({SECONDS})
    sleep()

lesson()
"""


@pytest.fixture(autouse=True)
def _lesson(stack: layout.Stack, api: AirflowApi, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "lesson.py").write_text(DAG)
    try:
        dag_folder.upload(stack, tmp_path)
        assert dag_folder.await_parsed(api, tmp_path, seconds=90).dag_ids
        eventually(lambda: "lesson" in [dag["dag_id"] for dag in api.pages("dags", "dags")], 60, "the DAG")
        api.patch("dags/lesson", {"is_paused": False})
        yield
    finally:
        dag_folder.upload(stack, layout.ROOT / "dags")


@pytest.fixture
def lambda_(stack: layout.Stack) -> Any:
    return aws.client(stack, "lambda")


def start(api: AirflowApi) -> str:
    return str(api.post("dags/lesson/dagRuns", {"logical_date": None})["dag_run_id"])


def sleeping(api: AirflowApi, run_id: str, state: str) -> Any:
    """The run's task instance, once it is in that state."""
    path = f"dags/lesson/dagRuns/{run_id}/taskInstances/sleep"
    return eventually(lambda: found if (found := api.get(path))["state"] == state else None, 60, f"{run_id} {state}")


def learn(stack: layout.Stack, lambda_: Any, workers: Workers) -> Durations:
    """What is in the state table after the hourly schedule's call."""
    name = function(stack, "WorkloadMetrics")
    answer = lambda_.invoke(FunctionName=name, Payload=json.dumps({"action": "learn"}).encode())
    assert "FunctionError" not in answer, answer["Payload"].read()
    return LearntState(aws.client(stack, "dynamodb"), workers.table()).durations()


def forget(stack: layout.Stack, lambda_: Any) -> None:
    """Begin with new environments, which know what the state table holds and nothing else."""
    name = function(stack, "WorkloadMetrics")
    timeout = lambda_.get_function_configuration(FunctionName=name)["Timeout"]
    lambda_.update_function_configuration(FunctionName=name, Timeout=timeout)
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


def database_users(stack: layout.Stack) -> set[str]:
    """Who is connected to the metadata database, asked by its owner."""
    secrets = aws.client(stack, "secretsmanager")
    secret = json.loads(secrets.get_secret_value(SecretId=deploy.DATABASE_SECRET)["SecretString"])
    with psycopg.connect(
        host=secret["host"],
        port=secret["port"],
        dbname=secret["dbname"],
        user=secret["username"],
        password=secret["password"],
    ) as connection:
        return {
            user for (user,) in connection.execute("SELECT usename FROM pg_stat_activity WHERE usename IS NOT NULL")
        }


def test_durations_are_learnt_from_runs_and_the_next_look_counts_with_them(
    stack: layout.Stack, workers: Workers, api: AirflowApi, lambda_: Any
) -> None:
    first = sleeping(api, run_id := start(api), "success")
    eventually(lambda: api.get(f"dags/lesson/dagRuns/{run_id}")["state"] == "success", 30, "the run ends")
    learnt = learn(stack, lambda_, workers).by_dag["lesson"]["sleep"]
    assert learnt == Learnt(pytest.approx(first["duration"], abs=0.1), width=1.0)  # type: ignore[arg-type]
    assert "farflow_metrics" in database_users(stack)

    forget(stack, lambda_)
    second = sleeping(api, start(api), "running")
    started_at = datetime.fromisoformat(second["start_date"]).timestamp()
    lambda_.invoke(FunctionName=function(stack, "WorkloadMetrics"), InvocationType="Event", Payload=b"{}")
    state = ScalingState(aws.client(stack, "dynamodb"), workers.table())

    def seen() -> Workload | None:
        workload = state.workload("default")
        return workload if workload and workload.observed_at > started_at and workload.running else None

    (running,) = eventually(seen, SECONDS, "a look at the second run").running
    assert running.ends_at == pytest.approx(started_at + learnt.seconds, abs=0.2)
