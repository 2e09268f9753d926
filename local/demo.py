"""`make demo`: the whole story on one machine, with a timeline, and an exit status that tells."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local import aws, dag_folder, deploy, git_push, layout, push_gate, services, stack_control
from local.airflow_api import AirflowApi, AirflowApiError, quoted
from local.errors import LocalStackError
from local.processes import log_tail
from local.timeline import DagOutcome, Timeline

RECORD = layout.ROOT / "build" / "demo.json"
PARSE_SECONDS = 300.0
RUN_SECONDS = 600.0
POLL_SECONDS = 1.0
SERVED_SECONDS = 60.0
PASSED_TOTAL = 15000

BAD_DAG = """from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("late_report", schedule="0 25 * * *", tags=["demo"], default_args={"owner": "demo", "retries": 1}):
    BashOperator(task_id="build", bash_comand="make report")
"""
"""An hour that no day has, and an argument that nobody reads."""


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


def main() -> int:
    """Run the demo over the folder that `DAGS` names, else `dags/`. With KEEP=1 the stack stays up."""
    folder = Path(os.environ.get("DAGS") or layout.ROOT / "dags").expanduser().resolve()
    keep = os.environ.get("KEEP", "") not in ("", "0")
    timeline = Timeline()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Control-C does
    try:
        dag_folder.files(folder)
        dag_folder.refuse_links(folder)
    except dag_folder.DagFolderError as error:
        print(f"demo: {error}")
        timeline.write(RECORD)
        return 1
    try:
        _tell(timeline, folder)
        timeline.complete = True
        return 0
    except KeyboardInterrupt:
        print("\ninterrupted; ending the stack")
        keep = False
        return 130
    except (LocalStackError, BotoCoreError, ClientError) as error:
        print(f"\ndemo failed: {error}")
        _print_log(error)
        return 1
    finally:
        if keep:
            _print_how_to_use()
        else:
            with timeline.step("shut down") as step:
                step.detail = f"{stack_control.stop()} processes ended"
        timeline.write(RECORD)


def _tell(timeline: Timeline, folder: Path) -> None:
    with timeline.step("set up environments") as step:
        # `make` did it before this interpreter could exist.
        setup = json.loads((layout.STATE / "setup.json").read_text())
        step.took(setup["seconds"])
        step.detail = f"built {', '.join(setup['built'])}" if setup["built"] else "all were there"
    with timeline.step("boot the local AWS and PostgreSQL") as step:
        stack = stack_control.start()
        step.detail = f"AWS at {stack.aws_url}"
    with timeline.step("sam build"):
        deploy.build()
    with timeline.step("sam deploy, with the migration"):
        deploy.deploy(stack)
    api = AirflowApi(stack)
    with timeline.step("services steady and healthy") as step:
        step.detail = services.await_healthy(stack)
    clone = git_push.Clone(layout.STACK / "clone", push_gate.github(stack))
    with timeline.step("git push farflow main, judged") as step:
        verdict = push(clone, clone.commit_folder(folder, "DAGs"))
        step.detail = verdict.title
    if verdict.release is None:
        print(f"\nThe push gate publishes nothing of these DAGs:\n{verdict.page}\n")
    with timeline.step("the release is served") as step:
        # What the gate stops can be tried out here all the same.
        step.detail = await_served(stack, verdict.release) if verdict.release else publish(folder)
    with timeline.step("DAGs parsed") as step:
        parsed = dag_folder.await_parsed(api, folder, PARSE_SECONDS)
        step.detail = f"{len(parsed.dag_ids)} DAGs, {len(parsed.import_errors)} files with import errors"
        if parsed.silent:
            step.detail += f", no DAG in {', '.join(parsed.silent)}"
        timeline.dags += [DagOutcome(file, "import error") for file in parsed.import_errors]
    for file, trace in parsed.import_errors.items():
        print(f"\n{file} does not import:\n{trace.strip()}\n")
    with timeline.step("DAGs run") as step:
        runs = run_dags(api, parsed.dag_ids, timeline)
        step.detail = f"{len(runs)} runs succeeded"
    with timeline.step("task logs in S3") as step:
        step.detail = check_logs(stack, api, runs)
    with timeline.step("XComs passed") as step:
        step.detail = f"{count_xcoms(api, runs)} XComs"
        if folder == layout.ROOT / "dags":
            step.detail += f", {check_passed_xcom(api, runs)}"
    with timeline.step("git push of a bad commit, stopped") as step:
        step.detail = check_bad_commit(stack, clone)
    with timeline.step("every file imports"):
        if parsed.import_errors:
            raise DemoError(f"{len(parsed.import_errors)} files do not: {', '.join(parsed.import_errors)}")


def push(clone: git_push.Clone, commit: str) -> git_push.Verdict:
    """Push what was committed, and wait for what becomes of it."""
    clone.push()
    return clone.publication(commit)


def await_served(stack: layout.Stack, release: str) -> str:
    """Wait for `dag_sync` to serve it."""
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"]
    deadline = time.monotonic() + SERVED_SECONDS
    while dag_folder.status(s3, bucket).get("served") != release:
        if time.monotonic() > deadline:
            raise DemoError(f"{release} is not served: {dag_folder.status(s3, bucket)}")
        time.sleep(0.1)
    return release


def check_bad_commit(stack: layout.Stack, clone: git_push.Clone) -> str:
    """A commit with a DAG that would fail is told so line by line, and what is served stays."""
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"]
    before = dag_folder.status(s3, bucket)
    verdict = push(clone, clone.commit_file("late_report.py", BAD_DAG, "A DAG that would fail"))
    print("\n" + "\n".join(f"     {line}" for line in verdict.page.splitlines()) + "\n")
    if verdict.conclusion != "failure" or dag_folder.status(s3, bucket) != before:
        raise DemoError(f"the bad commit was not stopped: {verdict.conclusion}, {dag_folder.status(s3, bucket)}")
    return verdict.title


def publish(folder: Path) -> str:
    """What `make publish` says of it."""
    result = subprocess.run(
        [sys.executable, "-m", "local.release_commands", "publish"],
        cwd=layout.ROOT,
        env={**os.environ, "PYTHONPATH": str(layout.ROOT / "layers" / "control_plane"), "DAGS": str(folder), "ENV": ""},
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        raise DemoError(f"the DAGs were not published:\n{result.stdout}{result.stderr}")
    return ", ".join(result.stdout.splitlines())


def run_dags(api: AirflowApi, dag_ids: list[str], timeline: Timeline) -> list[Run]:
    """Unpause and trigger every DAG, wait for all, and return the runs. Raises when one did not succeed."""
    if not dag_ids:
        raise DemoError("no file holds a DAG")
    waiting: dict[Run, float] = {}
    for dag_id in dag_ids:
        api.patch(f"dags/{dag_id}", {"is_paused": False})
        try:
            answer = api.post(f"dags/{dag_id}/dagRuns", {"logical_date": datetime.now(UTC).isoformat()})
        except AirflowApiError as error:
            timeline.dags.append(DagOutcome(dag_id, f"no run: {error}"))
            continue
        waiting[Run(dag_id, answer["dag_run_id"])] = time.monotonic()
    done: list[Run] = []
    deadline = time.monotonic() + RUN_SECONDS
    while waiting and time.monotonic() < deadline:
        for run, started in list(waiting.items()):
            state = api.get(run.path)["state"]
            if state in ("success", "failed"):
                timeline.dags.append(DagOutcome(run.dag_id, state, round(time.monotonic() - started, 1)))
                del waiting[run]
                done.append(run)
        time.sleep(POLL_SECONDS)
    timeline.dags += [DagOutcome(run.dag_id, "not ended", RUN_SECONDS) for run in waiting]
    for outcome in sorted(timeline.dags, key=lambda outcome: outcome.dag_id):
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


def _print_log(error: Exception) -> None:
    service = getattr(error, "service", None)
    if service is None:
        return
    newest = sorted(layout.CONTAINERS.glob(f"*-{service}"), key=lambda folder: folder.stat().st_mtime)[-1:]
    for folder in newest:
        print(f"\nlast lines of {service} ({folder.relative_to(layout.ROOT)}/output.log):")
        print(log_tail(folder / "output.log"))


def _print_how_to_use() -> None:
    stack = stack_control.running()
    if stack is None:
        return
    try:
        url, secret = aws.ui_url(stack), aws.outputs(stack)["AdministratorSecretArn"]
    except aws.NotDeployedError:
        return
    print(f"\nThe stack stays up. UI: {url}\nIts password is in the secret {secret}; `make status` shows it.")
    print("`make down` ends it.")
