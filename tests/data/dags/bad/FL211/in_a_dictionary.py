from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def load(day):
    return day


with DAG("report", schedule=None):
    PythonOperator(task_id="run", python_callable=load, op_kwargs={"day": "{{ ds | }}"})
