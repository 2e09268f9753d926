from airflow.operators.postgres_operator import PostgresOperator
from airflow.sdk import DAG

with DAG("report", schedule=None):
    PostgresOperator(task_id="run", sql="select 1")
