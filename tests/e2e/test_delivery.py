"""DAG delivery from bucket to Airflow, on the whole stack: releases as Airflow's users see them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from control_plane.dag_releases import Content, DagReleases, Published
from local import aws, dag_folder, layout
from local.airflow_api import AirflowApi, quoted
from tests.waiting import eventually

LIVE_SECONDS = 30.0
"""Far more than it takes; the benchmark says how long."""

DAG = """
import os, time
import pendulum
from airflow.sdk import dag, task
from constants import VALUE

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), tags=[VALUE], params={"until": ""})
def released():
    @task
    def first(params=None):
        ends = time.monotonic() + 120
        while params["until"] and not os.path.exists(params["until"]) and time.monotonic() < ends:
            time.sleep(0.2)
        return VALUE

    @task
    def second(before):
        from constants import VALUE as now
        return [before, now]

    second(first())

released()
"""


@pytest.fixture(scope="module")
def publisher(stack: layout.Stack, examples: list[str]) -> Iterator[DagReleases]:
    """Publishes releases; afterwards the repository's own DAGs are served again."""
    yield DagReleases(aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"])
    dag_folder.upload(stack, layout.ROOT / "dags")


def publish(publisher: DagReleases, tree: dict[str, str], **options: Any) -> Published:
    contents = [
        Content(path, hashlib.sha256(text.encode()).hexdigest(), len(text.encode()), False, text.encode)
        for path, text in tree.items()
    ]
    return publisher.publish(contents, publisher="test", confirmed=options.pop("confirmed", True), **options)


def tree(value: str) -> dict[str, str]:
    return {"released.py": DAG, "constants.py": f'VALUE = "{value}"\n'}


def tags(api: AirflowApi) -> list[str]:
    found = {dag["dag_id"]: dag for dag in api.pages("dags", "dags") if not dag["is_stale"]}
    return [tag["name"] for tag in found["released"]["tags"]] if "released" in found else []


def await_live(api: AirflowApi, value: str) -> None:
    eventually(lambda: tags(api) == [value], LIVE_SECONDS, f"{value} is live", pause_seconds=0.1)


def run(api: AirflowApi, run_id: str, until: Path | None = None) -> None:
    """Its first task waits until that file is there."""
    api.patch("dags/released", {"is_paused": False})
    conf = {"until": str(until)} if until else {}
    api.post("dags/released/dagRuns", {"logical_date": None, "dag_run_id": run_id, "conf": conf})


def result(api: AirflowApi, run_id: str) -> Any:
    """What the run's last task returned, once the run has ended well."""
    path = f"dags/released/dagRuns/{quoted(run_id)}"
    ended = eventually(
        lambda: state if (state := api.get(path)["state"]) in ("success", "failed") else None, 120, f"{run_id} ended"
    )
    assert ended == "success"
    return api.get(f"{path}/taskInstances/second/xcomEntries/return_value?deserialize=true")["value"]


def test_change_of_an_imported_module_alone_is_live(publisher: DagReleases, api: AirflowApi) -> None:
    publish(publisher, tree("one"))
    await_live(api, "one")
    publish(publisher, tree("two"))
    await_live(api, "two")


def test_edits_of_the_same_size_within_a_second_run_new_code(publisher: DagReleases, api: AirflowApi) -> None:
    began = time.monotonic()
    for value in ("aaa", "bbb"):
        publish(publisher, tree(value))
    assert time.monotonic() - began < 1
    await_live(api, "bbb")
    run(api, "same-size")
    assert result(api, "same-size") == ["bbb", "bbb"]


def test_run_finishes_on_the_release_that_it_began_with(
    publisher: DagReleases, api: AirflowApi, tmp_path: Path
) -> None:
    """With a task still to come when the next release is live; a new run uses that one."""
    old = publish(publisher, tree("old")).release
    await_live(api, "old")
    run(api, "began-before", until=tmp_path / "goes on")
    eventually(
        lambda: api.get("dags/released/dagRuns/began-before/taskInstances/first")["state"] == "running", 30, "it runs"
    )
    new = publish(publisher, tree("new")).release
    await_live(api, "new")
    run(api, "began-after")
    assert result(api, "began-after") == ["new", "new"]
    (tmp_path / "goes on").touch()
    assert result(api, "began-before") == ["old", "old"]
    versions = {
        run_id: api.get(f"dags/released/dagRuns/{run_id}")["bundle_version"]
        for run_id in ("began-before", "began-after")
    }
    assert versions == {"began-before": old.id, "began-after": new.id}


def test_rollback_brings_the_old_code_back(publisher: DagReleases, api: AirflowApi) -> None:
    good = publish(publisher, tree("good")).release
    await_live(api, "good")
    publish(publisher, tree("bad"))
    await_live(api, "bad")
    assert publisher.rollback(good.id, "test").release.sequence == good.sequence + 2
    await_live(api, "good")


def test_deleted_file_takes_its_dags_away(publisher: DagReleases, api: AirflowApi) -> None:
    publish(
        publisher,
        {**tree("stays"), "other.py": DAG.replace("def released", "def other").replace("\nreleased()", "\nother()")},
    )
    await_live(api, "stays")
    eventually(lambda: not api.get("dags/other")["is_stale"], LIVE_SECONDS, "the other DAG is there")
    publish(publisher, tree("stays"))
    eventually(lambda: api.get("dags/other")["is_stale"], LIVE_SECONDS, "the other DAG is gone")


def test_release_that_deletes_most_files_waits_for_a_confirmation(
    stack: layout.Stack, publisher: DagReleases, api: AirflowApi
) -> None:
    many = {f"more/file{number}.py": f"# {number}\n" for number in range(3)}
    publish(publisher, {**tree("before"), **many})
    await_live(api, "before")
    held = publish(publisher, tree("after") | {"released.py": DAG}, confirmed=False).release
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"]

    def status() -> Any:
        return json.loads(s3.get_object(Bucket=bucket, Key="STATUS.json")["Body"].read())

    eventually(lambda: held.id in (status()["held"] or ""), LIVE_SECONDS, "it is held")
    assert tags(api) == ["before"]
    s3.put_object(Bucket=bucket, Key="CONFIRMED.json", Body=json.dumps({"release": held.id}).encode())
    await_live(api, "after")
    eventually(lambda: status()["served"] == held.id, LIVE_SECONDS, "it is served")


WHOLE = """
import pathlib
import pendulum
from airflow.sdk import dag, task

SEEN = {path.read_text() for path in (pathlib.Path(__file__).parent / "many").iterdir()}

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), tags=sorted(SEEN))
def released():
    @task
    def nothing(): ...
    nothing()

released()
"""


def test_runs_between_two_quick_changes_have_the_tasks_of_their_release(
    publisher: DagReleases, api: AirflowApi
) -> None:
    """Airflow's default keeps a DAG's tasks for 30 s, whatever its file says by then."""
    publish(publisher, {"released.py": WHOLE, "many/1.txt": "one task"})
    await_live(api, "one task")
    publish(publisher, tree("two tasks"))
    await_live(api, "two tasks")
    run(api, "two-tasks")
    assert result(api, "two-tasks") == ["two tasks", "two tasks"]


def test_change_of_a_thousand_files_is_seen_whole_or_not_at_all(publisher: DagReleases, api: AirflowApi) -> None:
    def many(value: str) -> dict[str, str]:
        return {"released.py": WHOLE} | {f"many/{number}.txt": value for number in range(1000)}

    publish(publisher, many("v0"))
    await_live(api, "v0")
    seen = [tags(api)]
    for value in ("v1", "v2", "v3"):
        publish(publisher, many(value))
        deadline = time.monotonic() + LIVE_SECONDS
        while seen[-1] != [value]:
            assert time.monotonic() < deadline, seen[-10:]
            seen.append(tags(api))
    assert all(len(found) == 1 for found in seen), seen


def test_plain_upload_is_the_newer_will_and_can_be_brought_back(
    stack: layout.Stack, publisher: DagReleases, api: AirflowApi
) -> None:
    publish(publisher, tree("pushed"))
    await_live(api, "pushed")
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"]
    for path, text in tree("uploaded").items():
        s3.put_object(Bucket=bucket, Key=f"dags/{path}", Body=text.encode())
    await_live(api, "uploaded")
    newest = publisher.newest()
    assert newest is not None
    assert newest.release.publisher == "plain upload"
    assert {file.path for file in newest.release.files} > set(tree("x"))
    publish(publisher, tree("pushed again"))
    await_live(api, "pushed again")
    for path in layout.STACK.glob("efs/**/objects/*/*"):
        path.unlink()  # as if the file system were a new one: the content comes from the bucket's former versions
    publisher.rollback(newest.release.id, "test")
    await_live(api, "uploaded")


def test_way_of_a_change_is_measured(stack: layout.Stack, publisher: DagReleases, api: AirflowApi) -> None:
    publish(publisher, tree("measured"))
    await_live(api, "measured")
    cloudwatch = aws.client(stack, "cloudwatch")

    def largest(service: str, name: str) -> float | None:
        points = cloudwatch.get_metric_statistics(
            Namespace=f"Farflow/{layout.STACK_NAME}",
            MetricName=name,
            Dimensions=[{"Name": "service", "Value": service}],
            StartTime=datetime.now(UTC) - timedelta(hours=1),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=3600,
            Statistics=["Maximum"],
        )["Datapoints"]
        return max((point["Maximum"] for point in points), default=None)

    visible = eventually(lambda: largest("dag_sync", "SecondsToVisible"), 30, "seconds to visible")
    parsed = eventually(lambda: largest("dag_processor", "SecondsToParsed"), 30, "seconds to parsed")
    assert 0 < visible < 60
    assert 0 < parsed < 120


def test_airflow_says_which_releases_its_runs_use(
    stack: layout.Stack, publisher: DagReleases, api: AirflowApi, tmp_path: Path
) -> None:
    release = publish(publisher, tree("used")).release
    await_live(api, "used")
    run(api, "uses", until=tmp_path / "goes on")
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"]

    def said() -> list[str]:
        return list(json.loads(s3.get_object(Bucket=bucket, Key="IN_USE.json")["Body"].read())["releases"])

    eventually(lambda: release.id in said(), 70, "the run's release is in use")
    (tmp_path / "goes on").touch()
    assert result(api, "uses") == ["used", "used"]


def test_daily_collection_leaves_what_is_young(stack: layout.Stack, publisher: DagReleases) -> None:
    functions = aws.client(stack, "lambda")
    (name,) = (
        function["FunctionName"]
        for function in functions.list_functions()["Functions"]
        if function["Handler"] == "dag_sync.handler.lambda_handler"
    )
    answer = functions.invoke(FunctionName=name, Payload=json.dumps({"action": "collect"}).encode())
    assert json.loads(answer["Payload"].read()) == {"manifests": 0, "objects": 0}
    assert list(publisher.history())
