from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load(**context):
        return context["execution_date"]

    load()


report()
