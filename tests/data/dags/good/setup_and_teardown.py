"""A resource that exists for some tasks only."""

import pendulum
from airflow.sdk import Variable, dag, setup, task, teardown


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), default_args={"retries": 1}, tags=["x"])
def setup_and_teardown_by_decorator():
    @setup
    def make() -> str:
        return Variable.get("workspace")

    @task
    def work(place: str) -> str:
        return place

    @teardown
    def remove(place: str) -> None:
        del place

    place = make()
    work(place) >> remove(place)


setup_and_teardown_by_decorator()
