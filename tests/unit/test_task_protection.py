"""The container agent's answers, from a server on this machine. Bodies are those of AWS's documentation.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from farflow import task_protection
from farflow.task_protection import PATH, ProtectionError, TaskProtection

TASK = "arn:aws:ecs:us-east-1:111122223333:task/c/0123"
PROTECTED = {"protection": {"ExpirationDate": "2026-11-29T00:00:00Z", "ProtectionEnabled": True, "TaskArn": TASK}}
BARE = {"protection": {"ExpirationDate": None, "ProtectionEnabled": False, "TaskArn": TASK}}
BLOCKED = {"failure": {"Arn": TASK, "Detail": None, "Reason": "DEPLOYMENT_BLOCKED"}}
INVALID = {"error": {"Arn": TASK, "Code": "InvalidParameterException", "Message": "expiresInMinutes"}}


class Agent(http.server.ThreadingHTTPServer):
    """Answers each PUT with `status` and `body`, after `delay_seconds`."""

    status = 200
    body = b""
    delay_seconds = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[tuple[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        agent: Any = self.server
        agent.heard.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        time.sleep(agent.delay_seconds)
        self.send_response(agent.status)
        self.send_header("Content-Length", str(len(agent.body)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # it was not waited for
            self.wfile.write(agent.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def agent() -> Iterator[Agent]:
    agent = Agent()
    thread = threading.Thread(target=agent.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield agent
    agent.shutdown()
    thread.join()
    agent.server_close()


def test_protection_lasts_from_the_moment_at_which_it_was_asked_for(agent: Agent) -> None:
    agent.body, agent.delay_seconds = json.dumps(PROTECTED).encode(), 0.1
    before = time.time()
    until = TaskProtection(agent.url).take(7200.0)
    assert before + 7200.0 <= until <= time.time() + 7200.0 - agent.delay_seconds
    assert agent.heard == [(PATH, {"ProtectionEnabled": True, "ExpiresInMinutes": 120})]


def test_protection_is_given_up(agent: Agent) -> None:
    agent.body = json.dumps(BARE).encode()
    TaskProtection(agent.url).give_up()
    assert agent.heard == [(PATH, {"ProtectionEnabled": False})]


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, json.dumps(BLOCKED).encode(), "DEPLOYMENT_BLOCKED"),
        (200, json.dumps(BARE).encode(), "ProtectionEnabled"),
        (400, json.dumps(INVALID).encode(), "400 .*InvalidParameterException"),
        (500, b"", "500"),
        (200, b"<html>", "JSON"),
        (200, b"\xff\xfe", "Decode"),
        (200, b"[]", r"\[\]"),
        (200, b'{"protection": null}', "null"),
    ],
)
def test_everything_else_is_a_refusal(agent: Agent, status: int, body: bytes, message: str) -> None:
    agent.status, agent.body = status, body
    with pytest.raises(ProtectionError, match=message):
        TaskProtection(agent.url).take(7200.0)


def test_agent_that_does_not_answer_is_waited_for_no_longer_than_the_limit(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_protection, "TIMEOUT_SECONDS", 0.1)
    agent.body, agent.delay_seconds = json.dumps(PROTECTED).encode(), 0.5
    with pytest.raises(ProtectionError, match="timed out"):
        TaskProtection(agent.url).take(7200.0)


def test_agent_that_is_not_there_is_a_refusal() -> None:
    with pytest.raises(ProtectionError):
        TaskProtection("http://127.0.0.1:9").take(7200.0)
