from airflow.sdk import Variable, dag, task


@dag(schedule=None)
def report():
    @task
    def load(bucket):
        return bucket

    load(Variable.get("bucket"))


report()
