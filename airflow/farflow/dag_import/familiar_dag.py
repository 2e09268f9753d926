"""A DAG of what most DAGs are made of, imported before the others: see `airflow_modules.warm_up`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset, Param, TaskGroup, dag, setup, task, task_group, teardown

START = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULTS = {"owner": "farflow", "retries": 1, "retry_delay": timedelta(minutes=5)}


@dag(schedule="30 6 * * 1-5", start_date=START, catchup=False, tags=["farflow"], default_args=DEFAULTS)
def familiar_functions() -> None:
    """Tasks and groups of functions, mapped ones too."""

    @task(multiple_outputs=False)
    def listed() -> list[int]:
        return [1]

    @task.branch
    def chosen(number: int) -> str:
        return str(number)

    @task_group
    def grouped(number: int) -> None:
        chosen(number)

    @setup
    def begin() -> None: ...

    @teardown
    def end() -> None: ...

    begin() >> grouped.expand(number=listed()) >> end()


with DAG(
    "familiar_operators", schedule="@daily", start_date=START, params={"table": Param("a")}, default_args=DEFAULTS
):
    with TaskGroup("extract") as extract:
        BashOperator(task_id="say", bash_command="echo {{ ds }}")
        PythonOperator.partial(task_id="count", python_callable=print).expand(op_args=[[1]])
    extract >> EmptyOperator(task_id="done", trigger_rule="all_done", outlets=[Asset("s3://bucket/key")])

with DAG("familiar_asset", schedule=[Asset("s3://bucket/key")]):
    EmptyOperator(task_id="done")

familiar_functions()
