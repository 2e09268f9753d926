from airflow.sdk import DAG

PREFIX = "daily"
orders = DAG(dag_id=f"{PREFIX}_orders", schedule=None)
