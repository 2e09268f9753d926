from airflow.sdk import DAG

with DAG("report", schedule=None):
    a = 1
	b = 2
