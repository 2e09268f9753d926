from airflow.sdk import DAG

try:
    DEPTH = 1
except:
    DEPTH = 2
except ValueError:
    DEPTH = 3

report = DAG("report", schedule=None)
