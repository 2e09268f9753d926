"""DAGs by data: one writes an asset, another runs when it was written."""

import pendulum
from airflow.sdk import Asset, dag, task

ORDERS = Asset("s3://bucket/orders")


@dag(schedule="@hourly", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def write_orders():
    @task(outlets=[ORDERS])
    def write() -> None:
        return None

    write()


@dag(schedule=[ORDERS], start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def read_orders():
    @task
    def read() -> None:
        return None

    read()


write_orders()
read_orders()
