"""A resource that exists only for the tasks between its setup and its teardown.

Good practice shown: the teardown runs whether or not the work succeeded, and a cleared task brings its setup
back with it.
"""

import pendulum
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Variable, dag, get_current_context, setup, task, teardown

FOLDER = "examples/setup_and_teardown"


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"retries": 1},
    tags=["example"],
    doc_md=__doc__,
)
def setup_and_teardown() -> None:
    @setup
    def make_workspace() -> str:
        """Make the run's folder in the data bucket; return its prefix."""
        prefix = f"{FOLDER}/{get_current_context()['run_id']}/"
        S3Hook().load_string("in use", f"{prefix}lock", Variable.get("data_bucket"), replace=True)
        return prefix

    @task
    def work(prefix: str) -> int:
        S3Hook().load_string("result", f"{prefix}result", Variable.get("data_bucket"), replace=True)
        return len(S3Hook().list_keys(Variable.get("data_bucket"), prefix))

    @teardown
    def remove_workspace(prefix: str) -> None:
        hook, bucket = S3Hook(), Variable.get("data_bucket")
        hook.delete_objects(bucket, hook.list_keys(bucket, prefix))

    workspace = make_workspace()
    work(workspace) >> remove_workspace(workspace)


setup_and_teardown()
