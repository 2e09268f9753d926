from airflow.sdk import DAG

DAG("report", schedule=None)
