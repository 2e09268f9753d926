"""The classic form: operators in a `with` block."""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG(
    "with_block",
    schedule="30 6 * * 1-5",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"owner": "sales", "retries": 2},
    tags=["sales"],
):
    start = EmptyOperator(task_id="start")
    load = BashOperator(task_id="load", bash_command="echo {{ ds }} {{ params.table }}", params={"table": "orders"})
    end = EmptyOperator(task_id="end", trigger_rule="none_failed_min_one_success")
    start >> load >> end
