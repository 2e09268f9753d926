"""A large package is imported by the task that needs it."""

import pendulum
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def deferred_import():
    @task.virtualenv(requirements=["pandas==3.0.0"])
    def summarise() -> int:
        import pandas

        return len(pandas.DataFrame({"a": [1]}))

    summarise()


deferred_import()
