"""Types that are there for the checker only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pendulum
from airflow.sdk import dag, task

if TYPE_CHECKING:
    from airflow.sdk import Context


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def type_checking():
    @task
    def load(context: Context | None = None) -> bool:
        return context is None

    load()


type_checking()
