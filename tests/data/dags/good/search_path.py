"""Templates that lie in the image."""

import pendulum
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG(
    "search_path",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    template_searchpath="/opt/sql",
    default_args={"retries": 1},
    tags=["x"],
):
    SQLExecuteQueryOperator(task_id="load", conn_id="warehouse", sql="load.sql")
