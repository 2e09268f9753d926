from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def extract():
        return [1]

    @task
    def load(rows):
        return rows

    rows = extract()
    loaded = load(rows)
    loaded >> rows


report()
