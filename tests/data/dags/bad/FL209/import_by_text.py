import importlib

from airflow.sdk import DAG

ROWS = importlib.import_module("requests").get("https://example.com", timeout=5).json()
report = DAG("report", schedule=None, params={"rows": len(ROWS)})
