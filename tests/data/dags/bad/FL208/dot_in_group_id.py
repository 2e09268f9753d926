from airflow.sdk import DAG, TaskGroup

with DAG("report", schedule=None):
    with TaskGroup("orders.of.today"):
        pass
