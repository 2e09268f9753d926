from airflow.sdk import DAG

daily = DAG("report", schedule="@daily")
hourly = DAG("report", schedule="@hourly")
