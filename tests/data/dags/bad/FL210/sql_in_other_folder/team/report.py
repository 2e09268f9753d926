from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG("report", schedule=None):
    SQLExecuteQueryOperator(task_id="run", sql=["sql/first.sql", "sql/second.sql"])
