# vim: set fileencoding=utf-7 :
from airflow.sdk import DAG

DAG("report", schedule=None)
