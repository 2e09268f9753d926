import os

from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load(name):
        return os.system("ls " + name)

    load("x")


report()
