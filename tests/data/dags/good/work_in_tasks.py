"""Requests, queries and processes where they belong: in tasks and in functions that tasks call."""

import subprocess
import time

import pendulum
import requests
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import Variable, dag, task


def fetch(url: str) -> list[dict[str, str]]:
    time.sleep(1)
    return requests.get(url, timeout=30).json()


def remove_files(**context) -> None:
    subprocess.run(["rm", "-r", f"/tmp/{context['run_id']}"], check=False)


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def work_in_tasks():
    @task
    def load() -> int:
        rows = fetch(Variable.get("rows_url"))
        PostgresHook("warehouse").insert_rows("rows", [tuple(row.values()) for row in rows])
        return len(rows)

    clean = PythonOperator(task_id="clean", python_callable=remove_files)
    load() >> clean


work_in_tasks()
