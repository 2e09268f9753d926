"""One DAG for each customer, made in a loop."""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

CUSTOMERS = {"acme": "0 1 * * *", "globex": "0 2 * * *"}

for customer, cron in CUSTOMERS.items():
    with DAG(
        f"load_{customer}",
        schedule=cron,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        default_args={"retries": 1},
        tags=["customers"],
    ):
        BashOperator(task_id="load", bash_command=f"echo {customer}")
