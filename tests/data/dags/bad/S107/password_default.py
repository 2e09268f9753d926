from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load(password="hunter2hunter2"):
        return len(password)

    load()


report()
