from airflow.sdk import DAG

report = DAG("report")
