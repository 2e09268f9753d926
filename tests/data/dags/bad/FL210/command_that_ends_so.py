from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("report", schedule=None):
    BashOperator(task_id="run", bash_command="bash -e /opt/scripts/run.sh")
