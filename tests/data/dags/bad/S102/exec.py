from airflow.sdk import DAG

exec("SCHEDULE = None")
report = DAG("report", schedule=None)
