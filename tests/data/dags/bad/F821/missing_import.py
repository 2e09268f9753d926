from airflow.sdk import DAG

with DAG("report", schedule=None, start_date=datetime(2026, 1, 1)):
    pass
