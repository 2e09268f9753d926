from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task
    def load():
        return 1

    load.override(trigger_rule="any_success")()


report()
