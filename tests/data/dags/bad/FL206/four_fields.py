from airflow.sdk import dag


@dag(schedule="0 0 * *")
def report():
    pass


report()
