from airflow.sdk import DAG

report = DAG("report", schedule=None, doc_md="a text that is so long that nobody can read it on one screen without moving it to and fro")
