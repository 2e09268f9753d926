from airflow.sdk import dag


@dag("report", schedule=None)
def one():
    pass


one()
