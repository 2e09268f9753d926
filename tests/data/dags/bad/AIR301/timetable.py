from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

report = DAG("report", timetable=CronTriggerTimetable("0 1 * * *", timezone="UTC"))
