"""Waits for a file without holding a worker."""

import datetime

import pendulum
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG(
    "sensor",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 2, "retry_delay": datetime.timedelta(minutes=5)},
    tags=["x"],
):
    wait = S3KeySensor(
        task_id="wait", bucket_key="s3://bucket/{{ ds }}/done", deferrable=True, timeout=3600, poke_interval=60
    )
    wait >> EmptyOperator(task_id="load")
