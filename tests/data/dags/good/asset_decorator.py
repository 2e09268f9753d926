"""A DAG that is an asset."""

from airflow.sdk import asset


@asset(schedule="@daily")
def orders() -> dict[str, int]:
    return {"rows": 1}


@asset(schedule=orders)
def summary(orders) -> int:
    return len(orders)
