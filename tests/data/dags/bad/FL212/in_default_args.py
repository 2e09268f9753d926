from airflow.sdk import DAG

report = DAG("report", schedule=None, default_args=dict(owner="sales", retries=-2))
