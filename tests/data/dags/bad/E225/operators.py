from airflow.sdk import DAG

limit=1 + 2
report = DAG("report", schedule=None, max_active_runs=limit)
