from airflow.operators.bash_operator import BashOperator
from airflow.sdk import DAG

with DAG("report", schedule=None):
    BashOperator(task_id="run", bash_command="true")
