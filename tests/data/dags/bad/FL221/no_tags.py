from airflow.sdk import DAG

report = DAG("report", schedule=None, default_args={"owner": "sales", "retries": 1})
