from airflow.sdk import DAG

report = DAG("report", schedule=None)
