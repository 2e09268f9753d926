from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load():
        try:
            return 1 / 0
        except:
            return 0

    load()


report()
