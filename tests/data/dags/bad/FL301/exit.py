import sys

from airflow.sdk import DAG

report = DAG("report", schedule=None)
sys.exit(0)
