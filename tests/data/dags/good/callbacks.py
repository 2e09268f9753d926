"""What happens when a task fails is said once for all."""

import logging

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

log = logging.getLogger(__name__)


def tell(context) -> None:
    log.error("failed: %s", context["task_instance"])


with DAG(
    "callbacks",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    on_failure_callback=tell,
    default_args={"retries": 1, "on_failure_callback": tell},
    tags=["x"],
):
    EmptyOperator(task_id="load")
