"""`git push` to the local GitHub, on the whole stack: webhook, queue, lint, sandbox, verdict, release, Airflow."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import aws, dag_folder, demo_runs, git_push, layout, push_gate
from local.airflow_api import AirflowApi
from local.timeline import Timeline
from tests.waiting import eventually

DAG = """import pendulum
from airflow.sdk import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), tags=["{tag}"])
def pushed():
    @task
    def work():
        return "{tag}"

    work()


pushed()
"""

ATTACK = """import os
import urllib.request

from airflow.sdk import DAG

dag = DAG("attack", schedule=None)
keys = [os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        keys.append(open(f"/proc/{{pid}}/environ").read())
    except OSError:
        pass
try:
    urllib.request.urlopen("{url}", timeout=2)
except OSError as error:
    raise ValueError(f"no network: {{error}} {{[key for key in keys if 'ASIA' in key]}}")
"""


class Pushes:
    """A developer's clone, and what becomes of what is pushed from it."""

    def __init__(self, stack: layout.Stack, folder: Path) -> None:
        self.stack = stack
        self.github = push_gate.github(stack)
        self.clone = git_push.Clone(folder, self.github)
        self.s3, self.bucket = aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"]
        self.clone.commit_folder(layout.ROOT / "dags", "The examples")

    def push(self, tag: str, *options: str) -> git_push.Verdict:
        commit = self.clone.commit_file("pushed.py", DAG.format(tag=tag), tag)
        self.clone.push("--force", *options)
        return self.clone.publication(commit)

    def served(self) -> str:
        return str(dag_folder.status(self.s3, self.bucket).get("served"))

    def await_served(self, release: str | None) -> None:
        assert release
        eventually(lambda: self.served() == release, 30, f"{release} is served")

    def sweep(self) -> dict[str, Any]:
        answer = aws.client(self.stack, "lambda").invoke(
            FunctionName=aws.outputs(self.stack)["PushGateName"], Payload=json.dumps({"action": "sweep"}).encode()
        )
        body = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, body
        return dict(body)

    def deliveries(self, commit: str) -> list[dict[str, Any]]:
        return [each for each in self.github.tell("GET", "/deliveries") if each["event"] == "push"]


@pytest.fixture(scope="module")
def pushes(stack: layout.Stack, examples: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushes]:
    yield Pushes(stack, tmp_path_factory.mktemp("clone"))
    dag_folder.upload(stack, layout.ROOT / "dags")


def tags(api: AirflowApi) -> list[str]:
    return [tag["name"] for dag in api.pages("dags", "dags") if dag["dag_id"] == "pushed" for tag in dag["tags"]]


def test_good_commit_is_judged_published_parsed_and_run(pushes: Pushes, api: AirflowApi) -> None:
    verdict = pushes.push("first")
    assert verdict.conclusion == "success", verdict.page
    assert "import in the sandbox" in verdict.page
    pushes.await_served(verdict.release)
    eventually(lambda: tags(api) == ["first"], 60, "the pushed DAG")
    demo_runs.run_dags(api, ["pushed"], Timeline())


def test_bad_commit_is_annotated_and_not_published(pushes: Pushes) -> None:
    before = pushes.served()
    commit = pushes.clone.commit_file("pushed.py", DAG.format(tag="bad") + "import not_there\n", "bad")
    pushes.clone.push()
    verdict = pushes.clone.publication(commit)
    assert verdict.conclusion == "failure"
    assert "dags/pushed.py:15  failure  FL301" in verdict.page
    assert pushes.served() == before
    newest = next(iter(json.loads(pushes.s3.get_object(Bucket=pushes.bucket, Key="HEAD.json")["Body"].read()).values()))
    assert newest == before


def test_forced_push_back_to_an_old_commit_brings_its_dags_back(pushes: Pushes, api: AirflowApi) -> None:
    old = pushes.push("old")
    new = pushes.push("new")
    pushes.await_served(new.release)
    pushes.clone.reset(old.commit)
    pushes.clone.push("--force")
    eventually(lambda: pushes.served() not in (new.release, old.release), 60, "a third release")
    eventually(lambda: tags(api) == ["old"], 60, "the old commit's DAG")


def test_of_racing_pushes_the_last_head_wins(pushes: Pushes, api: AirflowApi) -> None:
    commits = []
    for number in range(4):
        commits.append(pushes.clone.commit_file("pushed.py", DAG.format(tag=f"race{number}"), f"race {number}"))
        pushes.clone.push("--force")
    verdicts = [pushes.clone.publication(commit) for commit in commits]
    assert {verdict.conclusion for verdict in verdicts} == {"success"}
    pushes.await_served(verdicts[-1].release)
    eventually(lambda: tags(api) == ["race3"], 60, "the last head's DAG")


def test_head_whose_webhook_was_lost_is_published_by_the_sweep(pushes: Pushes) -> None:
    pushes.github.tell("PUT", "/faults", {"lose_webhooks": 1})
    commit = pushes.clone.commit_file("pushed.py", DAG.format(tag="lost"), "lost")
    pushes.clone.push("--force")
    pushes.sweep()
    assert pushes.sweep()["queued"] == commit
    verdict = pushes.clone.publication(commit)
    pushes.await_served(verdict.release)


def test_delivery_that_is_replayed_when_it_is_forgotten_rolls_nothing_back(pushes: Pushes) -> None:
    before = len(pushes.deliveries(""))
    first = pushes.push("replayed")
    delivery = pushes.deliveries("")[: len(pushes.deliveries("")) - before][0]
    second = pushes.push("after")
    pushes.await_served(second.release)
    key = {"id": {"S": f"push#{delivery['guid']}"}}
    aws.client(pushes.stack, "dynamodb").delete_item(TableName=aws.state_table(pushes.stack), Key=key)
    pushes.github.tell("POST", "/redeliver", {"id": delivery["id"]})
    eventually(lambda: "superseded" in pushes.clone.verdict(first.commit).page, 60, "the old commit is superseded")
    assert pushes.served() == second.release


def test_attack_in_a_commit_reaches_nothing(pushes: Pushes) -> None:
    attack = ATTACK.format(url=pushes.stack.aws_url)
    commit = pushes.clone.commit_file("attack.py", attack, "attack")
    pushes.clone.push("--force", branch="attack")
    verdict = pushes.clone.verdict(commit)
    assert verdict.conclusion == "failure"
    assert "the import reads credentials" in verdict.page
    assert "the import uses the network" in verdict.page
    assert "Network is unreachable" in verdict.page
    assert "ASIA" not in verdict.page, "the role's keys"
    (pushes.clone.folder / "dags" / "attack.py").unlink()


def test_request_that_github_did_not_sign_is_refused(pushes: Pushes) -> None:
    url = push_gate.webhook_url(pushes.stack, aws.outputs(pushes.stack)["WebhookUrl"])
    headers = {
        "content-type": "application/json",
        "x-github-event": "push",
        "x-hub-signature-256": "sha256=" + "0" * 64,
    }
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, b"{}", headers))
    with refused.value as answer:
        assert answer.code == 401
