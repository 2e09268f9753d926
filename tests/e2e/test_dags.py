"""DAGs from a folder to S3 to the file system to a worker, and their results back."""

from __future__ import annotations

from pathlib import Path

from local import aws, dag_folder, demo_runs, layout
from local.airflow_api import AirflowApi
from local.timeline import Timeline
from tests.e2e import airflow_examples
from tests.waiting import eventually

NEW_DAG = """
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), tags=["{tag}"])
def edited():
    @task
    def work():
        return "{tag}"
    work()

edited()
"""


def test_example_dags_succeed_with_logs_and_xcoms(stack: layout.Stack, api: AirflowApi, examples: list[str]) -> None:
    timeline = Timeline()
    runs = demo_runs.run_dags(api, examples, timeline)
    assert {outcome.state for outcome in timeline.dags} == {"success"}
    assert demo_runs.check_logs(stack, api, runs).endswith(" logs")
    assert demo_runs.count_xcoms(api, runs) > 0
    assert demo_runs.check_passed_xcom(api, runs) == "15000 summed from five tasks"


def test_task_log_is_readable_in_the_ui(api: AirflowApi, examples: list[str]) -> None:
    """The UI's server reads it from S3: the worker's disk is another machine's."""
    timeline = Timeline()
    (run,) = demo_runs.run_dags(api, ["taskflow_report"], timeline)
    log = api.get(f"{run.path}/taskInstances/report/logs/1")
    assert "units for" in str(log["content"])


def test_edited_dag_becomes_visible(stack: layout.Stack, api: AirflowApi, examples: list[str], tmp_path: Path) -> None:
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"]

    def tags() -> list[str]:
        return [tag["name"] for dag in api.pages("dags", "dags") if dag["dag_id"] == "edited" for tag in dag["tags"]]

    for tag in ("first", "again"):  # of one length: size does not tell them apart
        s3.put_object(Bucket=bucket, Key="dags/edited.py", Body=NEW_DAG.format(tag=tag).encode())
        eventually(lambda tag=tag: tags() == [tag], 60, f"the DAG with the tag {tag}")  # type: ignore[misc]
    s3.delete_object(Bucket=bucket, Key="dags/edited.py")
    eventually(
        lambda: "edited" not in [dag["dag_id"] for dag in api.pages("dags", "dags") if not dag["is_stale"]],
        60,
        "the deleted DAG is gone",
    )


DEFERRING_DAG = """
from datetime import timedelta
import pendulum
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator

class WaitTwice(BaseOperator):
    def execute(self, context):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=1)), method_name="wait_again")

    def wait_again(self, context, event):
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=1)), method_name="end")

    def end(self, context, event):
        self.log.info("waited twice")

with DAG("deferring", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    WaitTwice(task_id="wait")
"""


def test_deferred_task_resumes_and_its_trigger_s_log_is_readable(
    stack: layout.Stack, api: AirflowApi, examples: list[str], tmp_path: Path
) -> None:
    """The triggerer writes its part of the log to S3 itself; the second time it adds to what is there."""
    (tmp_path / "deferring.py").write_text(DEFERRING_DAG)
    try:
        dag_folder.upload(stack, tmp_path)
        dag_folder.await_parsed(api, tmp_path, seconds=60)
        (run,) = demo_runs.run_dags(api, ["deferring"], Timeline())
        s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["LogsBucketName"]
        keys = [
            entry["Key"]
            for entry in s3.list_objects_v2(Bucket=bucket, Prefix="task-logs/dag_id=deferring/")["Contents"]
        ]
        assert any(".trigger." in key for key in keys), keys
        log = str(api.get(f"{run.path}/taskInstances/wait/logs/1")["content"])
        assert log.count("Pausing task as DEFERRED") == 2
        assert "waited twice" in log
    finally:
        dag_folder.upload(stack, layout.ROOT / "dags")


def test_broken_dag_is_reported_and_harms_no_other(
    stack: layout.Stack, api: AirflowApi, examples: list[str], tmp_path: Path
) -> None:
    (tmp_path / "broken_dag.py").write_text("from airflow.sdk import dag, no_such_thing\n")
    (tmp_path / "good_dag.py").write_text(NEW_DAG.format(tag="good").replace("edited", "good"))
    try:
        dag_folder.upload(stack, tmp_path)
        parsed = dag_folder.await_parsed(api, tmp_path, seconds=60)
        assert "no_such_thing" in parsed.import_errors["broken_dag.py"]
        assert "good" in parsed.dag_ids
    finally:
        dag_folder.upload(stack, layout.ROOT / "dags")


def test_airflow_s_own_examples_succeed(stack: layout.Stack, api: AirflowApi, tmp_path: Path) -> None:
    airflow_examples.collect(tmp_path)
    try:
        dag_folder.upload(stack, tmp_path)
        parsed = dag_folder.await_parsed(api, tmp_path, seconds=120)
        assert not parsed.import_errors
        timeline = Timeline()
        demo_runs.run_dags(api, parsed.dag_ids, timeline)
        assert {outcome.state for outcome in timeline.dags} == {"success"}
    finally:
        dag_folder.upload(stack, layout.ROOT / "dags")
