from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load(rows: "list of int"):
        return rows

    load([])


report()
