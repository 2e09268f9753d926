from airflow.sdk import DAG

limit = 3 
report = DAG("report", schedule=None, max_active_runs=limit)
