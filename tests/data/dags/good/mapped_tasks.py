"""As many tasks as there are partitions."""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def mapped_tasks():
    @task
    def partitions() -> list[str]:
        return ["a", "b"]

    @task
    def load(partition: str) -> str:
        return f"echo {partition}"

    commands = load.expand(partition=partitions())
    BashOperator.partial(task_id="run", retries=3).expand(bash_command=commands)


mapped_tasks()
