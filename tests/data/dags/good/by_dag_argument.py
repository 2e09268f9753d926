"""Operators that say which DAG they belong to."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

dag = DAG(
    dag_id="by_dag_argument",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 0},
    tags=["sales"],
)
first = EmptyOperator(task_id="first", dag=dag)
second = EmptyOperator(task_id="second", dag=dag)
first.set_downstream(second)
