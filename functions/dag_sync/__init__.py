"""Brings the DAG bucket to the file system that Airflow reads."""
