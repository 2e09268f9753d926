from airflow.sdk import DAG

HOUR = 25
report = DAG("report", schedule=f"0 {HOUR} * * *")
