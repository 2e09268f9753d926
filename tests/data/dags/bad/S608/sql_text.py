from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def query(name):
        return "select * from users where name = '" + name + "'"

    query("x")


report()
