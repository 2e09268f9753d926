from airflow.sdk import DAG

PATTERN = "\d+"
report = DAG("report", schedule=None, doc_md=PATTERN)
