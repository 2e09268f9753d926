from airflow.models import DAG

report = DAG("report", schedule=None)
