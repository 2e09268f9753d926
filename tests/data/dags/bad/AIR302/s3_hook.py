from airflow.hooks.S3_hook import S3Hook
from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load():
        return S3Hook().list_keys("bucket")

    load()


report()
