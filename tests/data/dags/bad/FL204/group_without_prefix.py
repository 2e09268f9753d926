from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG("report", schedule=None):
    a = EmptyOperator(task_id="load")
    with TaskGroup("orders", prefix_group_id=False):
        b = EmptyOperator(task_id="load")
