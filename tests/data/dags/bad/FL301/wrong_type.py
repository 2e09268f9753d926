from airflow.sdk import DAG

report = DAG("report", schedule=None, max_active_runs="three" / 2)
