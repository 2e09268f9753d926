"""A form for who runs the DAG by hand."""

import pendulum
from airflow.sdk import DAG, Param, get_current_context, task

with DAG(
    "params_form",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    params={"table": Param("orders", type="string", enum=["orders", "users"]), "full": Param(False, type="boolean")},
    default_args={"retries": 1},
    tags=["x"],
):

    @task
    def load() -> str:
        return get_current_context()["params"]["table"]

    load()
