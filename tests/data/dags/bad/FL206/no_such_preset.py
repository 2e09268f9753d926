from airflow.sdk import DAG

SCHEDULE = "@fortnightly"

with DAG(dag_id="report", schedule=SCHEDULE):
    pass
