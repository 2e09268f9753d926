"""An Airflow DAG."""

import pendulum
from airflow.sdk import DAG

report = DAG(
    "report",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
)
