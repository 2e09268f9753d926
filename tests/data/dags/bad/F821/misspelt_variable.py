from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("report", schedule=None, tags=["x"]):
    start = EmptyOperator(task_id="start")
    end = EmptyOperator(task_id="end")
    start >> ende
