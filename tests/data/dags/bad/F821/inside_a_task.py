from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load():
        return json.loads("{}")

    load()


report()
