"""Three TaskFlow tasks that pass small values to each other: the shape of most DAGs.

Good practice shown: configuration in one place at the top, the logical date instead of "now" so that a rerun
gives the same result, nothing but definitions at import time, retries with a limit.
"""

import logging
from datetime import timedelta

import pendulum
from airflow.sdk import dag, get_current_context, task

logger = logging.getLogger(__name__)

SALES_PER_DAY = 24
UNIT_PRICE = 3.5


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=30)},
    tags=["example"],
    doc_md=__doc__,
)
def taskflow_report() -> None:
    @task
    def extract() -> list[dict[str, int]]:
        """The day's sales: the same for the same logical date, however often the task runs."""
        context = get_current_context()
        day = (context.get("logical_date") or context["dag_run"].run_after).day
        return [{"hour": hour, "units": (hour * 7 + day) % 11} for hour in range(SALES_PER_DAY)]

    @task(multiple_outputs=True)
    def summarise(sales: list[dict[str, int]]) -> dict[str, float]:
        units = sum(sale["units"] for sale in sales)
        return {"units": units, "revenue": units * UNIT_PRICE}

    @task
    def report(units: float, revenue: float) -> str:
        line = f"{units:.0f} units for {revenue:.2f}"
        logger.info(line)
        return line

    summary = summarise(extract())
    report(summary["units"], summary["revenue"])


taskflow_report()
