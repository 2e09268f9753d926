import psycopg2

from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load(connection=psycopg2.connect("dbname=sales")):
        return connection.closed

    load()


report()
