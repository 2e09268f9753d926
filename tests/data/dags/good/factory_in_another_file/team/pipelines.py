"""A helper module: it makes DAGs for others and has none of its own."""

import pendulum
from airflow.sdk import dag, task


def build(name: str):
    @dag(
        dag_id=name,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        default_args={"retries": 1},
        tags=["team"],
    )
    def pipeline():
        @task
        def load() -> int:
            return 1

        load()

    return pipeline()
