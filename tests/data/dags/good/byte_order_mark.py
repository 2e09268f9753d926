"""An Airflow DAG in a file that begins with a byte order mark, as Windows editors write."""

import pendulum
from airflow.sdk import DAG

report = DAG(
    "byte_order_mark",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
)
