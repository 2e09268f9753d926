from airflow.sdk import DAG
from airflow.utils.trigger_rule import TriggerRule

report = DAG("report", schedule=None, doc_md=str(TriggerRule.DUMMY))
