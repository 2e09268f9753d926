from time import sleep

from airflow.sdk import DAG

sleep(20)
report = DAG("report", schedule=None)
