from airflow import DAG
from airflow.utils.dates import days_ago

report = DAG("report", schedule="@daily", start_date=days_ago(1))
