"""The Airflow DAG as it was."""

from airflow.sdk import DAG

report = DAG("report", schedule=None)
