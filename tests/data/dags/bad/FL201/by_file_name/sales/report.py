from pathlib import Path

from airflow.sdk import DAG

report = DAG(Path(__file__).stem, schedule=None)
