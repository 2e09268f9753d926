"""A script beside the DAG file, and a command that is no file."""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "shell_script",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
):
    beside = BashOperator(task_id="beside", bash_command="scripts/load.sh")
    elsewhere = BashOperator(task_id="elsewhere", bash_command="/opt/scripts/load.sh ")
    beside >> elsewhere
