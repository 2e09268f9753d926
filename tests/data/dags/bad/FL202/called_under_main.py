from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load():
        return 1

    load()


if __name__ == "__main__":
    report()
