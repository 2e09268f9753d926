from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("report", schedule=None):
    steps = [EmptyOperator(task_id=f"step_{number}") for number in range(3)]
    for before, after in zip(steps, steps[1:] + steps[:1], strict=True):
        before >> after
