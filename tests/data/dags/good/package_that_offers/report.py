"""A DAG with a package of our own, for Airflow."""

import pendulum
from airflow.sdk import dag, task
from team import total


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def report():
    @task
    def load() -> int:
        return total([1, 2])

    load()


report()
