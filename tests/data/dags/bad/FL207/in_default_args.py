from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

default_args = {"trigger_rule": "ALL_DONE"}

with DAG("report", schedule=None, default_args=default_args):
    EmptyOperator(task_id="end")
