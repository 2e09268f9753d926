from airflow.decorators import dag, task


@dag
def report():
    @task
    def load():
        return 1

    load()
