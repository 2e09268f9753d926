from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load(rows=[]):
        return rows

    load()


report()
