"""Data goes to S3, and only its key goes through XCom.

Good practice shown: the run's id in the key, so that a retry replaces what the failed try wrote and two runs never
meet; the bucket is a variable that the deployment sets; the connection is the worker's role.
"""

import csv
import io

import pendulum
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Variable, dag, get_current_context, task

ROWS = 1000
FOLDER = "examples/s3_by_reference"


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 2},
    tags=["example"],
    doc_md=__doc__,
)
def s3_by_reference() -> None:
    @task
    def write_rows() -> str:
        """Write the rows and return their key."""
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerows((number, number**2) for number in range(ROWS))
        key = f"{FOLDER}/{get_current_context()['run_id']}/rows.csv"
        S3Hook().load_string(buffer.getvalue(), key, Variable.get("data_bucket"), replace=True)
        return key

    @task
    def sum_squares(key: str) -> int:
        """Read the rows by their key."""
        text = S3Hook().read_key(key, Variable.get("data_bucket"))
        total = sum(int(row[1]) for row in csv.reader(io.StringIO(text)))
        expected = (ROWS - 1) * ROWS * (2 * ROWS - 1) // 6
        if total != expected:
            raise ValueError(f"{key} sums to {total}, not {expected}")
        return total

    sum_squares(write_rows())


s3_by_reference()
