from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag


@dag(schedule=None)
def report():
    BashOperator(task_id="load", bash_command="true")
    BashOperator.partial(task_id="load").expand(bash_command=["true", "false"])


report()
