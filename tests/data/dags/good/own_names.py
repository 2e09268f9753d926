"""Functions of the file's own with names that Python has too."""

import pendulum
from airflow.sdk import DAG


def input(name: str) -> str:  # noqa: A001
    return f"s3://bucket/{name}"


def open(path: str) -> str:  # noqa: A001
    return path


report = DAG(
    "own_names",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
    params={"source": open(input("https://example.com/x"))},
)
