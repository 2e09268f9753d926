from airflow.sdk import DAG

NAME = "daily_orders"
orders = DAG(dag_id=NAME, schedule=None)
