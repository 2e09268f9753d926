"""The part of the demo that upgrades: `make demo UPGRADE_FROM=3.2.2`."""

from __future__ import annotations

from local import deploy, layout, services
from local.airflow_api import AirflowApi
from local.demo_runs import DemoError, Run, await_ends, run_dags, trigger
from local.timeline import Timeline
from local.upgrade_history import entered, executions


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
        there = sum(api.get(run.path)["state"] == "success" for run in before)
        step.detail = f"{there} of {len(before)}"
        if there < len(before):
            raise DemoError(f"only {step.detail} runs of before the upgrade are there as they were", service="ui")
    with timeline.step("DAGs run on the new version") as step:
        step.detail = f"{len(run_dags(api, dag_ids, timeline))} runs succeeded"


def upgrade_times(stack: layout.Stack) -> str:
    """How long each step of the newest upgrade took, by the history of its execution."""
    newest = executions(stack)[0]
    tasks = [(began, name) for began, name, is_task in entered(stack, newest) if is_task]
    ends = [*(began for began, _ in tasks[1:]), newest["stopDate"]]
    seconds: dict[str, float] = {}
    for (began, name), ended in zip(tasks, ends, strict=True):
        seconds[name] = seconds.get(name, 0.0) + (ended - began).total_seconds()
    return ", ".join(f"{name} {spent:.0f} s" for name, spent in seconds.items() if spent >= 0.5)
