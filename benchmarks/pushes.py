"""`make bench-push`: from `git push` to the verdict on the commit, and to the pushed code running, on the whole local stack."""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import report
from benchmarks.report import Row
from local import git_push, layout, own_stack, push_gate
from local.airflow_api import AirflowApi, quoted

PUSHES = 30
DAGS = 20
POLL_SECONDS = 0.02
LIVE_SECONDS = 120.0
PAUSE_SECONDS = 1.37
"""Between pushes, and no multiple of a second: so that they do not fall in step with a loop of whole seconds."""

SYSTEM = "Farflow"
VERDICT = "from push to verdict"
PARSED = "from push to parsed"
RUNNING = "from push to the new code running"

DAG = """from airflow.sdk import DAG, task

with DAG("push_{number:02}", schedule=None, tags=["{tag}"], default_args={{"owner": "bench", "retries": 0}}):

    @task
    def only() -> str:
        return "{tag}"

    only()
"""


def main() -> int:
    with own_stack.deployed() as stack, tempfile.TemporaryDirectory(prefix="farflow-bench-") as folder:
        rows = measure(stack, Path(folder))
    report.save("push", rows)
    publish(rows)
    return 0


def measure(stack: layout.Stack, folder: Path) -> list[Row]:
    """Of each of `PUSHES` pushes that change one of `DAGS` files: seconds until each of the three."""
    api, clone = AirflowApi(stack), git_push.Clone(folder / "clone", push_gate.github(stack))
    for number in range(DAGS):
        commit = clone.commit_file(f"push_{number:02}.py", DAG.format(number=number, tag="first"), "first")
    clone.push()
    if clone.publication(commit).release is None:
        raise RuntimeError(clone.publication(commit).page)
    for number in range(DAGS):
        await_tag(api, number, "first")
        api.patch(f"dags/push_{number:02}", {"is_paused": False})
    run(api, 0, "first")  # the worker's first task is slower
    found: dict[str, list[float]] = {VERDICT: [], PARSED: [], RUNNING: []}
    for turn in range(PUSHES):
        time.sleep(PAUSE_SECONDS)
        number, tag = turn % DAGS, f"turn{turn}"
        commit = clone.commit_file(f"push_{number:02}.py", DAG.format(number=number, tag=tag), tag)
        began, clock = time.perf_counter(), datetime.now(UTC)
        clone.push()
        if clone.verdict(commit).conclusion != "success":
            raise RuntimeError(clone.verdict(commit).page)
        found[VERDICT].append(time.perf_counter() - began)
        await_tag(api, number, tag)
        found[PARSED].append(time.perf_counter() - began)
        found[RUNNING].append((run(api, number, tag) - clock).total_seconds())
    return [row for work, seconds in found.items() for row in rows_of(work, seconds)]


def rows_of(work: str, seconds: list[float]) -> list[Row]:
    median, p95 = round(report.median(seconds), 2), round(report.p95(seconds), 2)
    print(f"{work:<36} {median:6.2f} s, p95 {p95:.2f} s", flush=True)
    return [Row(work, SYSTEM, "median", median, "s"), Row(work, SYSTEM, "p95", p95, "s")]


def await_tag(api: AirflowApi, number: int, tag: str) -> None:
    """Raises when Airflow does not show the DAG with the tag in time."""
    deadline = time.monotonic() + LIVE_SECONDS
    while time.monotonic() < deadline:
        (found,) = api.get(f"dags?dag_id_pattern=push_{number:02}")["dags"] or [{"tags": []}]
        if [each["name"] for each in found["tags"]] == [tag]:
            return
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"push_{number:02} did not get its tag {tag} within {LIVE_SECONDS:.0f} s")


def run(api: AirflowApi, number: int, tag: str) -> datetime:
    """Trigger the DAG; when its task began. Raises when what it returned is of other code, or it does not end."""
    dag = f"dags/push_{number:02}"
    made = api.post(f"{dag}/dagRuns", {"logical_date": datetime.now(UTC).isoformat()})
    path = f"{dag}/dagRuns/{quoted(made['dag_run_id'])}"
    deadline = time.monotonic() + LIVE_SECONDS
    while (state := api.get(path)["state"]) not in ("success", "failed"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path} is {state} after {LIVE_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    told = api.get(f"{path}/taskInstances/only/xcomEntries/return_value")["value"]
    if state != "success" or told != tag:
        raise RuntimeError(f"{path} is {state}, and returned {told!r} instead of {tag!r}")
    return datetime.fromisoformat(api.get(f"{path}/taskInstances/only")["start_date"])


def publish(rows: list[Row]) -> None:
    """The page of the figures."""
    works = list(dict.fromkeys(row.work for row in rows))
    figures = {(row.work, row.metric): row.value for row in rows}
    lines = [[work, *(f"{figures[work, metric]:.2f} s" for metric in ("median", "p95"))] for work in works]
    report.write_page(
        "push",
        "How long it takes from git push to the code that runs",
        f"""
`make bench-push` pushes {PUSHES} commits, each of which changes one of {DAGS} DAGs, to the GitHub of the local stack.

{report.table(["", "median", "p95"], lines)}

The verdict is on the commit when its check is completed; in it are the webhook, the queue, the fetch of the commit, the static rules,
and an import in the sandbox that loads Airflow anew, as each commit has an environment of its own. Parsed is what Airflow shows of the new
DAG; running is when a task of a run that was triggered then began, which returned what the new code says.

Nothing is in it of the ways between GitHub and AWS, and of Lambda's cold starts: on AWS the sandbox starts from an image for each commit.
No rival is beside it, for none does the same: a CI job that lints and then uploads takes at least the start of its runner.
""",
    )


if __name__ == "__main__":
    sys.exit(main())
