from airflow.sdk import DAG, CronTriggerTimetable

report = DAG("report", schedule=CronTriggerTimetable("61 * * * *", timezone="UTC"))
