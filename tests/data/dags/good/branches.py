"""Branches that meet again."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Label, TriggerRule, dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def branches():
    @task.branch
    def choose() -> str:
        return "large"

    small = EmptyOperator(task_id="small")
    large = EmptyOperator(task_id="large")
    joined = EmptyOperator(task_id="joined", trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS)
    chosen = choose()
    chosen >> Label("few rows") >> small >> joined
    chosen >> Label("many rows") >> large >> joined


branches()
