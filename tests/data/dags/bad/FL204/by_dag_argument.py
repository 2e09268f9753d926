from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

report = DAG("report", schedule=None)
a = EmptyOperator(task_id="load", dag=report)
b = EmptyOperator(task_id="load", dag=report)
