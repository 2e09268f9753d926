from airflow.sdk import dag


@dag(dag_id="report", schedule=None)
def two():
    pass


two()
