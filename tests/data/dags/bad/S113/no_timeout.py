import requests

from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load():
        return requests.get("https://example.com").json()

    load()


report()
