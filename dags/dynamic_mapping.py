"""As many task instances as there is work: the number is known only when the DAG runs.

Good practice shown: a limit on the instances of one run, so that a large day does not starve other DAGs,
and a reduction that reads the mapped results lazily.
"""

from collections.abc import Iterable

import pendulum
from airflow.sdk import dag, task

PARTITIONS = 5
AT_ONCE = 4


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 1},
    tags=["example"],
    doc_md=__doc__,
)
def dynamic_mapping() -> None:
    @task
    def list_partitions() -> list[int]:
        return list(range(1, PARTITIONS + 1))

    @task(max_active_tis_per_dagrun=AT_ONCE)
    def count_rows(partition: int) -> int:
        return partition * 1000

    @task
    def total(rows: Iterable[int]) -> int:
        return sum(rows)

    total(count_rows.expand(partition=list_partitions()))


dynamic_mapping()
