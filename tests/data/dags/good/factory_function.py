"""DAGs made by a function of the same file."""

import pendulum
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG


def build(team: str) -> DAG:
    with DAG(
        f"report_{team}",
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        default_args={"retries": 1},
        tags=[team],
    ) as made:
        EmptyOperator(task_id="load") >> EmptyOperator(task_id="check")
    return made


sales = build("sales")
billing = build("billing")
