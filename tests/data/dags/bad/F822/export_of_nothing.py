from airflow.sdk import DAG

__all__ = ["report", "summary"]

report = DAG("report", schedule=None)
