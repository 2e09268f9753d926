from airflow.sdk import dag, task
from warehouse import connect


@dag(schedule=None)
def report():
    @task
    def load():
        return connect(user="sales", password="hunter2hunter2")

    load()


report()
