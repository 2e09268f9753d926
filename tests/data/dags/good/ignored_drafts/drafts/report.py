"""A draft of the same DAG of Airflow's."""

from airflow.sdk import DAG

report = DAG("report", schedule="not yet")
