"""Runs of DAGs in the demo: triggered, awaited, and looked at for what they must have left."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local import aws, layout
from local.airflow_api import AirflowApi, AirflowApiError, quoted
from local.errors import LocalStackError
from local.timeline import DagOutcome, Timeline

RUN_SECONDS = 600.0
POLL_SECONDS = 1.0
PASSED_TOTAL = 15000


class DemoError(LocalStackError):
    """A step did not end as it must; the message says how."""


@dataclass(frozen=True)
class Run:
    """A DAG run that the demo triggered."""

    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """Where the API finds it."""
        return f"dags/{self.dag_id}/dagRuns/{quoted(self.run_id)}"


def run_dags(api: AirflowApi, dag_ids: list[str], timeline: Timeline) -> list[Run]:
    """Unpause and trigger every DAG, wait for all, and return the runs. Raises when one did not succeed."""
    return await_ends(api, trigger(api, dag_ids, timeline), timeline)


def trigger(api: AirflowApi, dag_ids: list[str], timeline: Timeline) -> dict[Run, float]:
    """A run of each DAG, and when it was triggered."""
    if not dag_ids:
        raise DemoError("no file holds a DAG")
    triggered: dict[Run, float] = {}
    for dag_id in dag_ids:
        api.patch(f"dags/{dag_id}", {"is_paused": False})
        try:
            answer = api.post(f"dags/{dag_id}/dagRuns", {"logical_date": datetime.now(UTC).isoformat()})
        except AirflowApiError as error:
            timeline.dags.append(DagOutcome(dag_id, f"no run: {error}"))
            continue
        triggered[Run(dag_id, answer["dag_run_id"])] = time.monotonic()
    return triggered


def await_ends(api: AirflowApi, triggered: dict[Run, float], timeline: Timeline) -> list[Run]:
    """The runs, when all have ended. Raises when one did not succeed."""
    waiting = dict(triggered)
    done: list[Run] = []
    outcomes: list[DagOutcome] = []
    deadline = time.monotonic() + RUN_SECONDS
    while waiting and time.monotonic() < deadline:
        for run, started in list(waiting.items()):
            state = api.get(run.path)["state"]
            if state in ("success", "failed"):
                outcomes.append(DagOutcome(run.dag_id, state, round(time.monotonic() - started, 1)))
                del waiting[run]
                done.append(run)
        time.sleep(POLL_SECONDS)
    outcomes += [DagOutcome(run.dag_id, "not ended", RUN_SECONDS) for run in waiting]
    without_run = [outcome for outcome in timeline.dags if outcome.seconds is None]
    timeline.dags += outcomes
    for outcome in sorted((*without_run, *outcomes), key=lambda outcome: outcome.dag_id):
        seconds = "" if outcome.seconds is None else f"{outcome.seconds:6.1f} s"
        print(f"     {outcome.dag_id:<40} {outcome.state:<13} {seconds}")
    bad = [outcome.dag_id for outcome in timeline.dags if outcome.state not in ("success", "import error")]
    if bad:
        raise DemoError(f"these DAGs did not succeed: {', '.join(bad)}", service="worker-default")
    return done


def _task_instances(api: AirflowApi, run: Run) -> list[Any]:
    path = f"{run.path}/taskInstances"
    return list(api.pages(path, "task_instances"))


def check_logs(stack: layout.Stack, api: AirflowApi, runs: list[Run]) -> str:
    """Every task instance that ran on a worker has its log in S3."""
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["LogsBucketName"]
    checked = 0
    for run in runs:
        ran = [instance for instance in _task_instances(api, run) if instance["pid"]]
        prefix = f"task-logs/dag_id={run.dag_id}/run_id={run.run_id}/"
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        logs = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Size"] > 0]
        if len(logs) < len(ran):
            raise DemoError(
                f"{run.dag_id}: {len(ran)} task instances ran, {len(logs)} logs are below s3://{bucket}/{prefix}",
                service="worker-default",
            )
        checked += len(logs)
    return f"{checked} logs"


def count_xcoms(api: AirflowApi, runs: list[Run]) -> int:
    return sum(int(api.get(f"{run.path}/taskInstances/~/xcomEntries")["total_entries"]) for run in runs)


def check_passed_xcom(api: AirflowApi, runs: list[Run]) -> str:
    """The repository's `dynamic_mapping` sums what five mapped tasks returned: only XComs can have brought it there."""
    (run,) = (run for run in runs if run.dag_id == "dynamic_mapping")
    total = api.get(f"{run.path}/taskInstances/total/xcomEntries/return_value")["value"]
    if total != PASSED_TOTAL:
        raise DemoError(f"dynamic_mapping's total is {total!r}, not {PASSED_TOTAL}", service="worker-default")
    return f"{total} summed from five tasks"
