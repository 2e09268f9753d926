"""The part of the demo that upgrades: `make demo UPGRADE_FROM=3.2.2`."""

from __future__ import annotations

from local import aws, deploy, layout, services
from local.airflow_api import AirflowApi
from local.demo_runs import DemoError, Run, await_ends, run_dags, trigger
from local.timeline import Timeline


def refuse_unknown_version(former: str) -> None:
    """Raises `DemoError`."""
    if former and former not in layout.FORMER_AIRFLOWS:
        raise DemoError(f"UPGRADE_FROM={former} is not known here; there are {', '.join(layout.FORMER_AIRFLOWS)}")


def upgrade(stack: layout.Stack, api: AirflowApi, dag_ids: list[str], before: list[Run], timeline: Timeline) -> None:
    """Deploy the present image over the former one, while runs are under way."""
    with timeline.step("runs begin, and sam deploy upgrades") as step:
        former = api.get("version")["version"]
        under_way = trigger(api, dag_ids, timeline)
        deploy.deploy(stack)
        services.await_healthy(stack)
        step.detail = f"from Airflow {former} to {api.get('version')['version']}"
    print(f"     {upgrade_times(stack)}")
    with timeline.step("runs that were under way end") as step:
        step.detail = f"{len(await_ends(api, under_way, timeline))} runs succeeded"
    with timeline.step("earlier runs are there") as step:
        step.detail = f"{sum(api.get(run.path)['state'] == 'success' for run in before)} of {len(before)}"
    with timeline.step("DAGs run on the new version") as step:
        step.detail = f"{len(run_dags(api, dag_ids, timeline))} runs succeeded"


def upgrade_times(stack: layout.Stack) -> str:
    """How long each step of the newest upgrade took, by the history of its execution."""
    stepfunctions = aws.client(stack, "stepfunctions")
    (machine,) = stepfunctions.list_state_machines()["stateMachines"]
    executions = stepfunctions.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    newest = max(executions, key=lambda execution: execution["startDate"])
    pages = stepfunctions.get_paginator("get_execution_history").paginate(executionArn=newest["executionArn"])
    entered = [
        (event["timestamp"], event["stateEnteredEventDetails"]["name"])
        for page in pages
        for event in page["events"]
        if event["type"] == "TaskStateEntered"
    ]
    ends = [*(timestamp for timestamp, _ in entered[1:]), newest["stopDate"]]
    seconds: dict[str, float] = {}
    for (began, name), ended in zip(entered, ends, strict=True):
        seconds[name] = seconds.get(name, 0.0) + (ended - began).total_seconds()
    return ", ".join(f"{name} {spent:.0f} s" for name, spent in seconds.items() if spent >= 0.5)
