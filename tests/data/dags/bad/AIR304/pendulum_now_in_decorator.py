import pendulum
from airflow.sdk import dag, task


@dag(schedule="@daily", start_date=pendulum.now("UTC"))
def report():
    @task
    def load():
        return 1

    load()


report()
