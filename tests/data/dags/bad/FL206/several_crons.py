from airflow.sdk import DAG, MultipleCronTriggerTimetable

report = DAG("report", schedule=MultipleCronTriggerTimetable("0 1 * * *", "0 1 32 * *", timezone="UTC"))
