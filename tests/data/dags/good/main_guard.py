"""Can be tried out with `python main_guard.py`."""

import subprocess

import pendulum
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def main_guard():
    @task
    def load() -> int:
        return 1

    load()


made = main_guard()

if __name__ == "__main__":
    subprocess.run(["airflow", "version"], check=True)
    made.test()
