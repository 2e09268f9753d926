"""What Airflow itself calls of AWS = what its components' task roles may do.

The calls are recorded, not read: Airflow's own code runs in its environment against a server that
notes each request and answers as SQS would.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from local import layout
from tests.contract import templates

PUBLISH = """
from airflow.providers.celery.executors.celery_executor_utils import create_celery_app
from airflow.configuration import conf
app = create_celery_app(conf)
app.tasks["execute_workload"].apply_async(args=["{}"], queue="default")
"""


class RecordingSqs:
    """Answers every request as an empty queue would, and keeps what was asked."""

    def __init__(self) -> None:
        self.actions: set[str] = set()
        actions = self.actions

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                action = self.headers["X-Amz-Target"].rpartition(".")[2]
                actions.add(f"sqs:{action}")
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer: dict[str, Any] = {"Attributes": {"ApproximateNumberOfMessages": "0"}}
                if action == "SendMessage":
                    assert json.loads(body)["QueueUrl"]
                    answer = {"MessageId": "1"}
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def sqs() -> Iterator[RecordingSqs]:
    recording = RecordingSqs()
    thread = threading.Thread(target=recording.server.serve_forever)
    thread.start()
    yield recording
    recording.server.shutdown()
    thread.join()
    recording.server.server_close()


def granted(policy_name: str, service: str) -> set[str]:
    """The actions of `service` in a component's policy of that name."""
    policies = templates.stack("airflow_service")["Resources"]["TaskRole"]["Properties"]["Policies"]
    (policy,) = (
        policy["Fn::If"][1]
        for policy in policies
        if "Fn::If" in policy and policy["Fn::If"][1]["PolicyName"] == policy_name
    )
    statements = policy["PolicyDocument"]["Statement"]
    return {
        action
        for statement in statements
        for action in templates.actions(statement)
        if action.startswith(f"{service}:")
    }


def test_scheduler_may_do_what_sending_a_task_calls(sqs: RecordingSqs, tmp_path: Path) -> None:
    """Celery looks at a queue before it sends to it: without that right no task would ever be queued."""
    queues = {"default": {"url": f"{sqs.url}/000000000000/work"}}
    result = subprocess.run(
        [str(layout.environment_python("airflow")), "-c", PUBLISH],
        env={
            "PATH": "/usr/bin:/bin",
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__EXECUTOR": "farflow.executor.PatientCeleryExecutor",
            "PYTHONPATH": str(layout.ROOT / "airflow"),
            "AIRFLOW__CELERY__BROKER_URL": "sqs://",
            "AIRFLOW__CELERY__RESULT_BACKEND": "db+sqlite://",
            "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__REGION": "us-east-1",
            "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__PREDEFINED_QUEUES": json.dumps(queues),
            "AWS_ENDPOINT_URL": sqs.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert "sqs:SendMessage" in sqs.actions
    assert sqs.actions == granted("send-work", "sqs")
