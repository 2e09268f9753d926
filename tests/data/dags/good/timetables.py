"""Schedules of every kind."""

import datetime

import pendulum
from airflow.sdk import DAG, CronTriggerTimetable, MultipleCronTriggerTimetable

START = pendulum.datetime(2026, 1, 1, tz="UTC")
COMMON = {"start_date": START, "default_args": {"retries": 1}, "tags": ["x"]}

by_delta = DAG("by_delta", schedule=datetime.timedelta(hours=6), **COMMON)
by_cron = DAG("by_cron", schedule=CronTriggerTimetable("0 1 * * 3", timezone="Europe/Berlin"), **COMMON)
by_several = DAG(
    "by_several", schedule=MultipleCronTriggerTimetable("10 */2 * * *", "30 */3 * * *", timezone="UTC"), **COMMON
)
by_preset = DAG("by_preset", schedule="@quarterly", **COMMON)
once = DAG("once", schedule="@once", **COMMON)
last_day = DAG("last_day", schedule="0 0 L * *", **COMMON)
named_days = DAG("named_days", schedule="15,45 8-18 * jan-jun mon-fri", **COMMON)
