"""Queries in files beside the DAG."""

import pendulum
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG(
    "sql_files",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
):
    load = SQLExecuteQueryOperator(task_id="load", conn_id="warehouse", sql="sql/load.sql")
    both = SQLExecuteQueryOperator(task_id="both", conn_id="warehouse", sql=["sql/load.sql", "select 1"])
    load >> both
