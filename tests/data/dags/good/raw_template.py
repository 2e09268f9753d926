"""Braces that are no template."""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG(
    "raw_template",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["x"],
):
    BashOperator(
        task_id="names",
        bash_command="docker ps --format '{% raw %}{{.Names}}{% endraw %}'",
        doc_md="Not rendered: {{ this is prose }",
    )
