"""Ein Airflow-DAG: Größe, naïve, 数据, 🚀."""

import pendulum
from airflow.sdk import DAG

umsatz = DAG(
    "umsatz_größe",
    dag_display_name="Umsatz 🚀",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
)
