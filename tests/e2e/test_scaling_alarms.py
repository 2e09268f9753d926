"""Work that no worker has a slot for: measured, alarmed, and told to the scaler, by the deployed template's own wiring."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import aws, dag_folder, layout
from local.airflow_api import AirflowApi
from tests import sleepers, unforeseen_work
from tests.waiting import eventually

GROUP = "default"
TASKS = 16
"""Far more than the one worker has slots."""
TICK_SECONDS = 70
"""The next minute's look, and an alarm's period."""


@pytest.fixture
def dag_id(stack: layout.Stack, api: AirflowApi, tmp_path: Path) -> Iterator[str]:
    try:
        yield sleepers.install(stack, api, tmp_path, retries=0)
    finally:
        dag_folder.upload(stack, layout.ROOT / "dags")


def alarm(stack: layout.Stack) -> Any:
    """The group's `WorkersMissing`."""
    pages = aws.client(stack, "cloudwatch").get_paginator("describe_alarms").paginate()
    (found,) = (each for page in pages for each in page["MetricAlarms"] if "WorkersMissing" in each["AlarmName"])
    return found


def await_state(stack: layout.Stack, state: str, seconds: float) -> Any:
    """The alarm, once it is in that state."""

    def reasons() -> str:
        measured = logged(stack, "workload-metrics", f'{{ $.message = "measured" && $.worker_group = "{GROUP}" }}')
        return "\n".join(json.loads(event["message"])["reason"] for event in measured[-10:])

    return eventually(
        lambda: found if (found := alarm(stack))["StateValue"] == state else None,
        seconds,
        f"it is {state}",
        context=reasons,
    )


def logged(stack: layout.Stack, function: str, pattern: str) -> list[Any]:
    logs: Any = aws.client(stack, "logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=f"/farflow/{layout.STACK_NAME}/{function}", filterPattern=pattern
    )
    return [event for page in pages for event in page["events"]]


def times_of_scaler(stack: layout.Stack) -> list[float]:
    """When `worker_scaler` was invoked for the group, whose scaling is off, in seconds since 1970."""
    pattern = f'{{ $.message = "decided" && $.reason = "its scaling is off" && $.worker_group = "{GROUP}" }}'
    return [event["timestamp"] / 1000 for event in logged(stack, "worker-scaler", pattern)]


def test_gap_and_its_end_each_change_the_alarm_which_invokes_the_scaler(
    stack: layout.Stack, api: AirflowApi, dag_id: str, tmp_path: Path
) -> None:
    """`workload_metrics` itself leaves a group alone that is off: whoever invokes the scaler for it came by the topic."""
    unforeseen_work.forget(stack)
    await_state(stack, "OK", TICK_SECONDS)
    before = len(times_of_scaler(stack))
    run = sleepers.start(api, dag_id, "gap", [90.0] * TASKS, tmp_path)
    try:
        raised_at = await_state(stack, "ALARM", 2 * TICK_SECONDS)["StateUpdatedTimestamp"].timestamp()
        times = eventually(lambda: times_of_scaler(stack)[before:], 30, "the scaler is invoked")
    finally:
        api.patch(f"dags/{dag_id}/dagRuns/{run.run_id}", {"state": "failed"})
    assert times[0] >= raised_at - 1
    before += len(times)
    await_state(stack, "OK", TICK_SECONDS)
    eventually(lambda: times_of_scaler(stack)[before:], 30, "the scaler is invoked again")
