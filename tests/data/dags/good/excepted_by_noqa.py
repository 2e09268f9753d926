"""An exception that says what it excepts."""

import os

import pendulum
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def excepted_by_noqa():
    @task
    def sync() -> int:
        return os.system("sync")  # noqa: S605

    sync()


excepted_by_noqa()
