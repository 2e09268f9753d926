"""Starts the run of another DAG and waits for it."""

import pendulum
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

with DAG(
    "triggers_another",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
):
    TriggerDagRunOperator(
        task_id="start", trigger_dag_id="other", conf={"day": "{{ ds }}"}, wait_for_completion=True, deferrable=True
    )
