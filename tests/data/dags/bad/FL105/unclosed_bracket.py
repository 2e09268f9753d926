from airflow.sdk import DAG

with DAG("report", schedule=None:
    pass
