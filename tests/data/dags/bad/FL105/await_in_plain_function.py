from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load():
        await fetch()

    load()


report()
