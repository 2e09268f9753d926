from airflow.sdk import dag, task


@dag(schedule=None)
def report():
    @task(trigger_rule="none_failed_and_none_skipped")
    def load():
        return 1

    load()


report()
