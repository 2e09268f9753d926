"""`make bench-workers`: real workers of the local stack, from zero to zero, and there before a schedule needs them.

Two stories on a stack of their own, each an assertion and a timeline; the cold start of the second is injected.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import report
from benchmarks.fleet_picture import draw
from benchmarks.fleet_recorder import Recording, recording
from benchmarks.report import Row
from local import aws, dag_folder, layout, own_stack
from local.airflow_api import AirflowApi

TASKS = 200
COLD_START_SECONDS = 75.0
FORESEEN_RUNS = 3
STORY_SECONDS = 1500.0
PARAMETERS = {
    "WorkerScaling": "economy",
    "WorkerMinimum": "0",
    "WorkerMaximum": "6",
    "WorkerConcurrency": "4",
    "Parallelism": "256",
}

BURST = """
import time
import pendulum
from airflow.sdk import dag, task

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), max_active_tasks=500)
def burst():
    @task
    def sleep(seconds):
        time.sleep(seconds)

    sleep.expand(seconds=[4 + number % 8 for number in range(TASKS)])

burst()
"""

EVERY_FIVE_MINUTES = """
import pendulum
from airflow.sdk import dag, task

@dag(schedule="*/5 * * * *", start_date=pendulum.datetime(2026, 1, 1), catchup=False)
def every_five_minutes():
    @task
    def work():
        return "done"

    work()

every_five_minutes()
"""


class StoryError(Exception):
    """What should have happened did not."""


def install(running: layout.Stack, api: AirflowApi, dag_id: str, text: str) -> None:
    """Make the DAG the only one, unpaused."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{dag_id}.py").write_text(text)
        dag_folder.upload(running, Path(folder))
        dag_folder.await_parsed(api, Path(folder), seconds=90)
    await_true(lambda: dag_id in [dag["dag_id"] for dag in api.pages("dags", "dags")], 60, f"{dag_id} is known")
    api.patch(f"dags/{dag_id}", {"is_paused": False})


def await_true(look: Callable[[], bool], seconds: float, what: str) -> None:
    """Raises `StoryError` after so long."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise StoryError(f"not within {seconds:.0f} s: {what}")
        time.sleep(2)


def no_workers(running: layout.Stack) -> bool:
    """Whether none is there, nor asked for."""
    (service,) = aws.client(running, "ecs").describe_services(
        cluster=aws.outputs(running)["ClusterName"], services=["worker-default"]
    )["services"]
    return service["desiredCount"] == service["runningCount"] == service["pendingCount"] == 0


def forget_cold_starts(running: layout.Stack) -> None:
    """What was learnt of processes that start at once says nothing of Fargate."""
    key = {"id": {"S": "cold_start#default"}}
    aws.client(running, "dynamodb").delete_item(TableName=aws.state_table(running), Key=key)


def from_zero(running: layout.Stack, api: AirflowApi) -> tuple[Recording, list[Row]]:
    """Two hundred tasks find no worker; they all succeed, and the workers go again."""
    install(running, api, "burst", BURST.replace("TASKS", str(TASKS)))
    await_true(lambda: no_workers(running), 300, "no worker is there")
    with recording(running, api) as found:
        time.sleep(5)
        api.post("dags/burst/dagRuns", {"logical_date": None, "dag_run_id": "story"})
        await_true(
            lambda: api.get("dags/burst/dagRuns/story")["state"] in ("success", "failed"), STORY_SECONDS, "the run ends"
        )
        await_true(lambda: no_workers(running), STORY_SECONDS, "the workers are gone")
        time.sleep(5)
    instances = list(api.pages("dags/burst/dagRuns/story/taskInstances", "task_instances"))
    bad = [each for each in instances if each["state"] != "success" or each["try_number"] != 1]
    if bad or len(instances) != TASKS:
        raise StoryError(f"{len(bad)} of {len(instances)} tasks did not succeed at once")
    work = f"{TASKS} tasks from zero workers"
    most = max(sample.workers for sample in found.samples)
    first = next(sample.at for sample in found.samples if sample.workers) - 5
    return found, [
        Row(work, "farflow", "tasks that succeeded at their first try", len(instances), "tasks"),
        Row(work, "farflow", "until the first worker", first, "s"),
        Row(work, "farflow", "most workers", most, "workers"),
        Row(work, "farflow", "until all had ended", _end_of(instances) - _begin_of(instances), "s"),
    ]


def foreseen(running: layout.Stack, api: AirflowApi) -> tuple[Recording, list[Row]]:
    """A DAG at every fifth minute, with a cold start of over a minute and no worker between its runs."""
    install(running, api, "every_five_minutes", EVERY_FIVE_MINUTES)
    forget_cold_starts(running)
    layout.COLD_STARTS.write_text(json.dumps({"worker-default": COLD_START_SECONDS}))
    try:
        with recording(running, api) as found:
            await_true(
                lambda: len(_ended(api)) > FORESEEN_RUNS, 300.0 * (FORESEEN_RUNS + 2), f"{FORESEEN_RUNS + 1} runs ended"
            )
            time.sleep(60)
    finally:
        layout.COLD_STARTS.unlink()
    first, *others = sorted(_ended(api), key=lambda each: each["start_date"])
    waits = [_wait(each) for each in others]
    work = f"a DAG at every fifth minute, cold start {COLD_START_SECONDS:.0f} s"
    return found, [
        Row(work, "farflow", "runs of the schedule", len(waits), "runs"),
        Row(work, "farflow", "longest wait from a run's moment until its task runs", max(waits), "s"),
        Row(
            work, "farflow", "the first run, made when the DAG was unpaused, which nobody foresaw", _queued(first), "s"
        ),
    ]


def _ended(api: AirflowApi) -> list[dict[str, str]]:
    found = api.pages("dags/every_five_minutes/dagRuns/~/taskInstances", "task_instances")
    return [each for each in found if each["state"] == "success"]


def _wait(instance: dict[str, str]) -> float:
    """From the run's moment until its task ran."""
    return (_moment(instance, "start_date") - _moment(instance, "run_after")).total_seconds()


def _queued(instance: dict[str, str]) -> float:
    """How long its task was queued."""
    return (_moment(instance, "start_date") - _moment(instance, "queued_when")).total_seconds()


def _moment(instance: dict[str, str], name: str) -> datetime:
    return datetime.fromisoformat(instance[name]).astimezone(UTC)


def _begin_of(instances: list[dict[str, str]]) -> float:
    return min(_moment(each, "queued_when").timestamp() for each in instances)


def _end_of(instances: list[dict[str, str]]) -> float:
    return max(_moment(each, "end_date").timestamp() for each in instances)


def main() -> int:
    rows: list[Row] = []
    with own_stack.deployed(**PARAMETERS) as running:
        api = AirflowApi(running)
        found, made = from_zero(running, api)
        rows += made
        draw("workers-from-zero", f"{TASKS} tasks, from zero workers and back", found)
        for row in made:
            print(f"{row.work}: {row.metric}: {row.value:.1f} {row.unit}", flush=True)
        found, made = foreseen(running, api)
        rows += made
        draw("workers-foreseen", "A DAG at every fifth minute, cold start 75 s", found)
        for row in made:
            print(f"{row.work}: {row.metric}: {row.value:.1f} {row.unit}", flush=True)
    report.save("workers", rows)
    text = f"""
{report.table(("work", "what", "value"), [(row.work, row.metric, f"{row.value:g} {row.unit}" if row.unit != "s" else f"{row.value:.1f} s") for row in rows])}

![From zero](workers-from-zero.svg)

A worker is a process here, which starts in seconds; they come a start after the first look that saw work, which from zero may be a minute late, and go when they have drained.

![Foreseen](workers-foreseen.svg)

Here the local ECS holds each start for 75 s. No worker is needed between the runs; each is started so that it accepts when its run is due. `make bench-workers` repeats this, on a
stack of its own, with the preset `economy`.
"""
    report.write_page("workers", "Real workers: from zero, and ahead of the schedule", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
