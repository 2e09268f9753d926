from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("report", schedule=None):
    for name in ("load", "check", "load"):
        EmptyOperator(task_id=name)
