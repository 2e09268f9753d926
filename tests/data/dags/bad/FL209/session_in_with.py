import requests as http

from airflow.sdk import DAG

with http.Session() as session:
    ROWS = session.post("https://example.com/rows", timeout=5).json()
report = DAG("report", schedule=None, params={"rows": len(ROWS)})
