"""Another operator of the same id for another deployment: only one of them is ever made."""

import os

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG(
    "branch_of_a_deployment",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
):
    if os.environ.get("STAGE") == "prod":
        load = BashOperator(task_id="load", bash_command="load")
    else:
        load = EmptyOperator(task_id="load")
