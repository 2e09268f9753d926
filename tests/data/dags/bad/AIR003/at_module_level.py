from airflow.sdk import DAG, Variable

BUCKET = Variable.get("bucket")
report = DAG("report", schedule=None)
