from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("report", schedule=None):
    EmptyOperator(task_id="load")
    EmptyOperator(task_id="load")
