"""From a change of a DAG in the bucket to Airflow showing it, on the whole local stack."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import report
from benchmarks.report import Row
from control_plane.dag_releases import Content, DagReleases
from local import aws, dag_folder, layout, services
from local.airflow_api import AirflowApi

WORK = "from upload to parsed"
CHANGES = 30
DAGS = 20
POLL_SECONDS = 0.02
LIVE_SECONDS = 120.0
PAUSE_SECONDS = 1.37
"""Between changes, and no multiple of a second: so that they do not fall in step with a loop of whole seconds."""

DAG = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG("bench_{number:02}", schedule=None, tags=["{tag}"]):
    EmptyOperator(task_id="only")
"""


def measure(stack: layout.Stack) -> Iterator[Row]:
    """Seconds until the changed DAG is to be seen, of each change: by a release, and by a plain upload of one file."""
    services.await_healthy(stack)
    api, s3 = AirflowApi(stack), aws.client(stack, "s3")
    bucket = aws.outputs(stack)["DagsBucketName"]
    tree = {f"bench_{number:02}.py": dag(number, "first") for number in range(DAGS)}

    def publish() -> None:
        DagReleases(s3, bucket).publish(list(map(_content, tree.items())), publisher="bench", confirmed=True)

    def upload(path: str) -> None:
        s3.put_object(Bucket=bucket, Key=dag_folder.PREFIX + path, Body=tree[path])

    publish()
    await_tag(api, DAGS - 1, "first")
    yield from _timed(api, tree, "Farflow, release", lambda _: publish())
    for path in tree:
        upload(path)
    time.sleep(10)  # for the burst to rest
    yield from _timed(api, tree, "Farflow, plain uploads", upload)


def _timed(api: AirflowApi, tree: dict[str, bytes], system: str, change: Callable[[str], Any]) -> Iterator[Row]:
    found = []
    for turn in range(CHANGES):
        time.sleep(PAUSE_SECONDS)
        number, tag = turn % DAGS, f"{system[9]}{turn}"
        path = f"bench_{number:02}.py"
        tree[path] = dag(number, tag)
        began = time.perf_counter()
        change(path)
        await_tag(api, number, tag)
        found.append(time.perf_counter() - began)
    print(f"{WORK:<26} {system:<24} {report.median(found):8.3f} s, p95 {report.p95(found):.3f} s", flush=True)
    yield Row(WORK, system, "median", round(report.median(found), 3), "s")
    yield Row(WORK, system, "p95", round(report.p95(found), 3), "s")


def dag(number: int, tag: str) -> bytes:
    return DAG.format(number=number, tag=tag).encode()


def await_tag(api: AirflowApi, number: int, tag: str) -> None:
    """Raises when the DAG does not have the tag in time."""
    deadline = time.monotonic() + LIVE_SECONDS
    while time.monotonic() < deadline:
        (found,) = api.get(f"dags?dag_id_pattern=bench_{number:02}")["dags"] or [{"tags": []}]
        if [each["name"] for each in found["tags"]] == [tag]:
            return
        time.sleep(POLL_SECONDS)
    raise RuntimeError(f"bench_{number:02} did not get its tag {tag} within {LIVE_SECONDS:.0f} s")


def _content(item: tuple[str, bytes]) -> Content:
    path, text = item
    return Content(path, hashlib.sha256(text).hexdigest(), len(text), executable=False, read=lambda: text)
