from airflow import DAG

report = DAG("report", schedule_interval="@daily")
