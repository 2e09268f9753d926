from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG("report", schedule=None):
    with TaskGroup("orders"):
        a = EmptyOperator(task_id="load")
        b = EmptyOperator(task_id="load")
