from airflow.sdk import DAG

report = DAG("report", schedule="every day at 7")
