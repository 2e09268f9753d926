"""An Airflow DAG of functions."""

import pendulum
from airflow.sdk import dag, task


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"retries": 1},
    tags=["sales"],
)
def taskflow():
    @task
    def extract() -> list[int]:
        return [1, 2, 3]

    @task(multiple_outputs=True)
    def summarise(rows: list[int]) -> dict[str, int]:
        return {"count": len(rows), "total": sum(rows)}

    @task
    def store(count: int, total: int) -> None:
        if total < count:
            raise ValueError("too little")

    summary = summarise(extract())
    store(summary["count"], summary["total"])


taskflow()
