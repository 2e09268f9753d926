from airflow.sdk import DAG

password = "correct horse battery staple"
report = DAG("report", schedule=None)
