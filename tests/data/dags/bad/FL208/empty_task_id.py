from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task(task_id="")
    def load():
        return 1

    load()


report()
