"""`make demo`: the whole story on one machine, with a timeline, and an exit status that tells."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from local import aws, dag_folder, demo_upgrade, deploy, git_push, layout, push_gate, services, stack_control
from local.airflow_api import AirflowApi
from local.demo_runs import DemoError, check_logs, check_passed_xcom, count_xcoms, run_dags
from local.errors import LocalStackError
from local.processes import log_tail
from local.timeline import DagOutcome, Timeline

RECORD = layout.ROOT / "build" / "demo.json"
PARSE_SECONDS = 300.0
SERVED_SECONDS = 60.0

BAD_DAG = """from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("late_report", schedule="0 25 * * *", tags=["demo"], default_args={"owner": "demo", "retries": 1}):
    BashOperator(task_id="build", bash_comand="make report")
"""
"""An hour that no day has, and an argument that nobody reads."""


def main() -> int:
    """Run the demo over the folder that `DAGS` names, else `dags/`. With KEEP=1 the stack stays up."""
    folder = Path(os.environ.get("DAGS") or layout.ROOT / "dags").expanduser().resolve()
    keep = os.environ.get("KEEP", "") not in ("", "0")
    timeline = Timeline()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Control-C does
    try:
        demo_upgrade.refuse_unknown_version(os.environ.get("UPGRADE_FROM", ""))
        dag_folder.files(folder)
        dag_folder.refuse_links(folder)
    except (DemoError, dag_folder.DagFolderError) as error:
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
    former = os.environ.get("UPGRADE_FROM", "")
    image = layout.former_image(former) if former else layout.AIRFLOW_IMAGE
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
    with timeline.step("sam deploy, with the migration") as step:
        deploy.deploy(stack, AirflowImage=image)
        step.detail = "" if image == layout.AIRFLOW_IMAGE else f"of Airflow {former}"
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
    if image != layout.AIRFLOW_IMAGE:
        demo_upgrade.upgrade(stack, api, parsed.dag_ids, runs, timeline)
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
