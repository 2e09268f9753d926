from steps import rows

from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load():
        return rows()

    load()


report()
