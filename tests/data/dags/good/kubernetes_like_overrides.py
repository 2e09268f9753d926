"""Tasks of one function with other settings each."""

import pendulum
from airflow.sdk import dag, task


@task
def load(table: str) -> str:
    return table


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def overrides():
    first = load.override(task_id="load_orders", retries=3)("orders")
    second = load.override(task_id="load_users", pool="database", pool_slots=2)("users")
    first >> second


overrides()
