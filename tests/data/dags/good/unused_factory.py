"""A library that makes Airflow DAGs; nobody uses it yet."""

import pendulum
from airflow.sdk import DAG, dag


def build(name: str) -> DAG:
    return DAG(
        name,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        default_args={"retries": 1},
        tags=["x"],
    )


def build_by_decorator(name: str):
    @dag(
        dag_id=name,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        default_args={"retries": 1},
        tags=["x"],
    )
    def pipeline():
        pass

    return pipeline()
