"""A second group of workers: its tasks, its workers, and nothing of the first one's."""

from __future__ import annotations

from pathlib import Path

from local import aws, dag_folder, layout
from local.airflow_api import AirflowApi
from tests.waiting import eventually

DAG = """
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1))
def two_queues():
    @task
    def ordinary():
        return "done"

    @task(queue="large")
    def large():
        return "done"

    ordinary() >> large()

two_queues()
"""


def workers(stack: layout.Stack, cluster: str, group: str) -> set[str]:
    """The ids of the group's ECS tasks."""
    arns = aws.client(stack, "ecs").list_tasks(cluster=cluster, serviceName=f"worker-{group}")["taskArns"]
    return {arn.rpartition("/")[2] for arn in arns}


def test_task_with_the_second_group_s_queue_brings_that_group_s_worker_and_no_other(
    stack: layout.Stack, cluster: str, api: AirflowApi, tmp_path: Path
) -> None:
    (tmp_path / "two_queues.py").write_text(DAG)
    dag_folder.upload(stack, tmp_path)
    assert dag_folder.await_parsed(api, tmp_path, seconds=90).dag_ids
    eventually(lambda: "two_queues" in [dag["dag_id"] for dag in api.pages("dags", "dags")], 60, "the DAG")
    api.patch("dags/two_queues", {"is_paused": False})
    eventually(lambda: not workers(stack, cluster, "large"), 300, "the second group is at zero")
    api.post("dags/two_queues/dagRuns", {"logical_date": None, "dag_run_id": "both"})
    eventually(lambda: api.get("dags/two_queues/dagRuns/both")["state"] == "success", 400, "both tasks succeed")
    eventually(lambda: not workers(stack, cluster, "large"), 300, "the second group is at zero again")
    hosts = {
        each["task_id"]: each["hostname"]
        for each in api.pages("dags/two_queues/dagRuns/both/taskInstances", "task_instances")
    }
    assert hosts["ordinary"] != hosts["large"]
    logs = aws.client(stack, "logs")
    (group,) = logs.describe_log_groups(logGroupNamePrefix=f"/farflow/{layout.STACK_NAME}/worker-large")["logGroups"]
    events = logs.filter_log_events(logGroupName=group["logGroupName"], limit=10000)["events"]
    assert any("large" in event["message"] for event in events)
