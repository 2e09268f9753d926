"""DAGs of tasks that do nothing: what remains is what Airflow and its settings take."""

import pendulum
from airflow.sdk import DAG, chain
from airflow.sdk import task as make_task

START = pendulum.datetime(2026, 1, 1, tz="UTC")


@make_task
def nothing() -> None:
    """Ends at once."""


with DAG("bench_one", schedule=None, start_date=START):
    nothing()

with DAG("bench_chain", schedule=None, start_date=START):
    chain(*(nothing.override(task_id=f"link_{number}")() for number in range(5)))

with DAG("bench_parallel", schedule=None, start_date=START, max_active_tasks=64):
    for number in range(24):
        nothing.override(task_id=f"task_{number}")()
