"""Two DAGs whose tasks have the same ids, one after the other in one variable."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

dag = first = DAG(
    "first_of_two",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
)
EmptyOperator(task_id="load", dag=dag)

dag = second = DAG(
    "second_of_two",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
)
EmptyOperator(task_id="load", dag=dag)
