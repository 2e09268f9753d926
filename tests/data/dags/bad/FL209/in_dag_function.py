import sqlite3

from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    rows = sqlite3.connect("/tmp/rows.db").execute("select 1").fetchall()

    @task
    def load(count):
        return count

    load(len(rows))


report()
