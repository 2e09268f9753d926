import os

from airflow.sdk import DAG

report = DAG("report", schedule=os.environ["NO_SUCH_VARIABLE_OF_OURS"])
