from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task(pool="database", pool_slots=0)
    def load():
        return 1

    load()


report()
