from airflow.sdk import DAG

report = DAG("report", schedule="0 25 * * *")
