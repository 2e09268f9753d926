from datetime import datetime

from airflow.sdk import DAG

report = DAG("report", schedule=None, start_date=datetime.now())
