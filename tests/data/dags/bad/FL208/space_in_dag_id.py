from airflow.sdk import DAG

report = DAG("daily report", schedule=None)
