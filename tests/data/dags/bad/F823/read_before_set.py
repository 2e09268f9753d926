from airflow.sdk import dag, task

limit = 3


@dag(schedule=None)
def report():
    @task
    def load():
        limit = limit + 1
        return limit

    load()


report()
