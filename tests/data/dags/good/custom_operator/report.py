"""A DAG with an operator of our own, for Airflow."""

import pendulum
from airflow.sdk import DAG
from operators import CountRows

with DAG(
    "custom_operator",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
):
    CountRows(task_id="count", table="{{ params.table }}", params={"table": "orders"})
