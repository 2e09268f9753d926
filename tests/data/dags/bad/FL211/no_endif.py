from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

COMMAND = """
{% if params.full %}
echo full
"""

with DAG("report", schedule=None, params={"full": True}):
    BashOperator(task_id="run", bash_command=COMMAND)
