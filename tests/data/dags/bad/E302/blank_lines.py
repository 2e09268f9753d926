from airflow.sdk import dag
@dag(schedule=None)
def report():
    pass


report()
