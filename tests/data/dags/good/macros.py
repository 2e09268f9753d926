"""Templates with filters, macros and loops."""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

COMMAND = """
{% for table in params.tables %}
echo {{ table | upper }} {{ macros.ds_add(ds, -1) }} {{ dag_run.conf.get("full", false) }}
{% endfor %}
{%- do params.tables.append("x") %}
"""

with DAG(
    "macros",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    params={"tables": ["orders"]},
    default_args={"retries": 1},
    tags=["x"],
):
    BashOperator(task_id="echo", bash_command=COMMAND, env={"DAY": "{{ data_interval_end | ds }}"})
