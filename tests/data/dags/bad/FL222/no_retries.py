from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("report", schedule=None, tags=["sales"], default_args={"owner": "sales"}):
    EmptyOperator(task_id="load")
