from airflow.sdk import DAG

COUNT = 0


def more():
    COUNT = 1
    global COUNT


with DAG("report", schedule=None):
    more()
