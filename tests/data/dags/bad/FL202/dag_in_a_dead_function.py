from airflow.sdk import DAG


def make():
    with DAG("report", schedule=None):
        pass
