"""The same task ids in two groups."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup, chain, task_group

with DAG(
    "task_groups",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
):
    with TaskGroup("orders") as orders:
        EmptyOperator(task_id="load") >> EmptyOperator(task_id="check")
    with TaskGroup("users") as users:
        EmptyOperator(task_id="load") >> EmptyOperator(task_id="check")

    @task_group
    def summary():
        EmptyOperator(task_id="load")

    chain(orders, users, summary())
