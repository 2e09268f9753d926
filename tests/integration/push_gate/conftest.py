"""`push_gate`'s real handler between moto's AWS and the local GitHub, with a real git repository pushed to it."""

from __future__ import annotations

import base64
import importlib
import io
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from control_plane.dag_releases import DagReleases
from control_plane.push_work import NO_COMMIT, PushWork
from dag_lint.each_file.known_files import KnownFiles
from farflow import lint_sandbox
from local import layout
from local.github import identity
from local.github.running import LocalGitHub, running
from push_gate.github import Repository
from tests.integration import state_table

GIT = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}

GOOD = """from airflow.sdk import dag, task


@dag(schedule=None, tags=["sales"], default_args={{"owner": "sales", "retries": 1}})
def report():
    @task
    def load() -> int:
        return {number}

    load()


report()
"""

IMPORTED = {"outcome": "imported", "seconds": 0.1, "dag_ids": [], "error": None, "violations": [], "stand_ins": []}


class Clone:
    """A developer's."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("remote", "add", "farflow", url)

    def git(self, *arguments: str) -> str:
        command = ["git", "-c", "http.proxy=", "-C", str(self.folder), *arguments]
        done = subprocess.run(command, env={**os.environ, **GIT}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None], message: str = "work") -> str:
        """With these files changed, None removes one. The new commit."""
        for path, text in files.items():
            target = self.folder / path
            if text is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def push(self, *options: str, branch: str = "main") -> None:
        self.git("push", "--quiet", *options, "farflow", f"HEAD:refs/heads/{branch}")


class Sandbox:
    """Stands for the Lambda service, and notes what it was asked.

    Where `is_real`, it invokes the sandbox's own handler. Else it says that every file was imported: loading Airflow takes
    seconds, and most tests are about something else.
    """

    def __init__(self) -> None:
        self.is_real = False
        self.tenants: list[str] = []
        self.crash: str | None = None
        self.imported: dict[str, Any] = IMPORTED
        """What it says of each file where it is not real."""
        self.exceptions = SimpleNamespace()

    def invoke(self, *, FunctionName: str, Payload: bytes, TenantId: str) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "lint-sandbox"
        self.tenants.append(TenantId)
        if self.crash:
            body = {"errorType": "Runtime.ExitError", "errorMessage": self.crash}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(body).encode())}
        request = json.loads(Payload)
        files = [self.imported | {"path": path} for path in request["imports"]]
        reply: dict[str, Any] = {"files": files, "image": os.environ["AIRFLOW_IMAGE"]}
        if self.is_real:
            reply = lint_sandbox.lambda_handler(request, SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000))
        return {"Payload": io.BytesIO(json.dumps(reply).encode())}


class World:
    """Everything around the handler."""

    def __init__(self, github: LocalGitHub, folder: Path, sandbox: Sandbox) -> None:
        self.github = github
        self.sandbox = sandbox
        self.clone = Clone(folder / "clone", github.git_url)
        self.s3, self.sqs = boto3.client("s3"), boto3.client("sqs")
        self.handler: ModuleType = None  # type: ignore[assignment]
        self.seconds_left = 290.0

    @property
    def releases(self) -> DagReleases:
        return DagReleases(self.s3, "dags")

    def newest(self) -> dict[str, str]:
        """SHA-256 by path of the newest release, empty before the first."""
        newest = self.releases.newest()
        return {file.path: file.sha256 for file in newest.release.files} if newest else {}

    def work(self, commit: str | None = None, **fields: Any) -> PushWork:
        usual = {
            "delivery": str(uuid.uuid4()),
            "event": "push",
            "repository_id": identity.REPOSITORY_ID,
            "installation_id": identity.INSTALLATION_ID,
            "ref": "refs/heads/main",
            "before": NO_COMMIT,
            "after": commit or self.clone.head(),
            "forced": False,
            "trusted": True,
        }
        return PushWork(**{**usual, **fields})

    def run(self, work: PushWork | None = None, *, receives: int = 1) -> dict[str, Any]:
        """One message of the queue. Raises what the handler raises."""
        body = (work or self.work()).to_json()
        url = self.handler.settings.push_queue_url
        self.sqs.send_message(QueueUrl=url, MessageBody=body)
        (message,) = self.sqs.receive_message(QueueUrl=url)["Messages"]
        record = {
            "body": message["Body"],
            "receiptHandle": message["ReceiptHandle"],
            "attributes": {"ApproximateReceiveCount": str(receives)},
        }
        result = self.handler.lambda_handler({"Records": [record]}, self.context())
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return dict(result)

    def sweep(self) -> dict[str, Any]:
        return dict(self.handler.lambda_handler({"action": "sweep"}, self.context()))

    def queued(self) -> list[PushWork]:
        url = self.handler.settings.push_queue_url
        found = []
        while messages := self.sqs.receive_message(QueueUrl=url).get("Messages"):
            for message in messages:
                found.append(PushWork.from_json(message["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def context(self) -> SimpleNamespace:
        return SimpleNamespace(
            function_name="push_gate",
            memory_limit_in_mb=2048,
            invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:push_gate",
            aws_request_id="1",
            get_remaining_time_in_millis=lambda: int(self.seconds_left * 1000),
        )

    def checks(self, commit: str | None = None) -> list[dict[str, Any]]:
        """The commit's check runs, as GitHub tells them."""
        reply = self.github.api(f"commits/{commit or self.clone.head()}/check-runs", self.token())
        return list(reply.body["check_runs"])

    def check(self, commit: str | None = None) -> dict[str, Any]:
        (check,) = self.checks(commit)
        return check

    def annotations(self, commit: str | None = None) -> list[str]:
        """As `path:line level title`."""
        check = self.check(commit)
        reply = self.github.api(f"check-runs/{check['id']}/annotations?per_page=100", self.token())
        return [
            f"{each['path']}:{each['start_line']} {each['annotation_level']} {each['title']}" for each in reply.body
        ]

    def token(self) -> str:
        with self.repository() as repository:
            return str(repository.api._tokens.token())

    def repository(self) -> AbstractContextManager[Repository]:
        found = self.handler.github.repository(lambda: 60.0, identity.REPOSITORY_ID, identity.INSTALLATION_ID)
        return cast("AbstractContextManager[Repository]", found)

    def fault(self, **faults: Any) -> None:
        self.github.tell("PUT", "/faults", faults)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    monkeypatch.setattr(lint_sandbox.sys, "executable", str(layout.environment_python("airflow")))
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONPATH": str(layout.ROOT / "airflow"),
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws(), running(tmp_path / "github") as github:
        made = World(github, tmp_path, Sandbox())
        made.handler = load(monkeypatch, made)
        made.handler.github._cache._folder = tmp_path / "blobs"
        (tmp_path / "blobs").mkdir()
        made.handler.judge._known = KnownFiles(tmp_path / "known" / "files.sqlite")
        yield made


def load(monkeypatch: pytest.MonkeyPatch, world: World) -> ModuleType:
    """The handler, as an App whose key is in KMS."""
    kms = boto3.client("kms")
    state_table.create(boto3.client("dynamodb"))
    world.s3.create_bucket(Bucket="dags")
    world.s3.put_bucket_versioning(Bucket="dags", VersioningConfiguration={"Status": "Enabled"})
    key_id = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    public_key = kms.get_public_key(KeyId=key_id)["PublicKey"]
    world.github.tell("PUT", "/app", {"public_key": base64.b64encode(public_key).decode()})
    for name, value in {
        "GITHUB_REPOSITORY": identity.DEFAULT_REPOSITORY,
        "GITHUB_API_URL": world.github.url,
        "GITHUB_DEPLOY_BRANCH": "main",
        "GITHUB_DAGS_FOLDER": "dags",
        "GITHUB_APP_ID": str(identity.APP_ID),
        "GITHUB_APP_KEY_ID": key_id,
        "DAGS_BUCKET": "dags",
        "STATE_TABLE": state_table.NAME,
        "PUSH_QUEUE_URL": world.sqs.create_queue(QueueName="pushes")["QueueUrl"],
        "LINT_SANDBOX": "lint-sandbox",
        "LINT_SANDBOX_IMAGE": "airflow:1",
        "AIRFLOW_IMAGE": "airflow:1",
        "POWERTOOLS_SERVICE_NAME": "push_gate",
        "POWERTOOLS_METRICS_NAMESPACE": "Farflow",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in sys.modules if name in {"push_gate.handler", "control_plane.observability"}]:
        del sys.modules[name]
    handler = importlib.import_module("push_gate.handler")
    monkeypatch.setattr(handler, "lambda_", world.sandbox)
    return handler


@pytest.fixture
def pushed(world: World) -> Callable[..., str]:
    """Commits these files below dags/, pushes and judges them; returns the commit."""

    def push(files: dict[str, str | None], *options: str, **fields: Any) -> str:
        commit = world.clone.commit({f"dags/{path}": text for path, text in files.items()})
        world.clone.push(*options)
        world.run(world.work(commit, **fields))
        return commit

    return push
