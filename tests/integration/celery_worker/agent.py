"""The ECS agent of one task: task protection and the task metadata endpoint, as AWS documents them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
"""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

MINUTES = range(1, 2881)
DEFAULT_MINUTES = 120
ACCOUNT = "arn:aws:ecs:us-east-1:111122223333"


class Agent(http.server.ThreadingHTTPServer):
    """`protected` is the task's state; `problems` are requests that AWS would not have understood."""

    daemon_threads = True

    def __init__(self, task_id: str, *, refuses: bool = False, on_change: Callable[[bool], None] = bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.task_arn = f"{ACCOUNT}:task/farflow/{task_id}"
        self.refuses = refuses
        self.on_change = on_change
        self.protected = False
        self.asked: list[dict[str, Any]] = []
        self.problems: list[str] = []

    @property
    def environ(self) -> dict[str, str]:
        """What ECS tells a container."""
        url = f"http://127.0.0.1:{self.server_port}"
        return {"ECS_AGENT_URI": f"{url}/api", "ECS_CONTAINER_METADATA_URI_V4": f"{url}/v4/0123"}

    def protect(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a `PUT`. Only these two members are known, and one must be there."""
        self.asked.append(body)
        minutes = body.get("ExpiresInMinutes", DEFAULT_MINUTES)
        wanted = body.get("ProtectionEnabled")
        if not isinstance(wanted, bool) or set(body) - {"ProtectionEnabled", "ExpiresInMinutes"}:
            self.problems.append(f"unknown body {body}")
        if type(minutes) is not int or minutes not in MINUTES:
            self.problems.append(f"ExpiresInMinutes {minutes!r}")
        if self.refuses and wanted:
            return {"failure": {"Arn": self.task_arn, "Detail": None, "Reason": "DEPLOYMENT_BLOCKED"}}
        self.protected = bool(wanted)
        self.on_change(self.protected)
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60 * minutes)) if wanted else None
        return {"protection": {"ExpirationDate": until, "ProtectionEnabled": wanted, "TaskArn": self.task_arn}}

    def task(self) -> dict[str, Any]:
        """The part of the task's metadata that says which one it is."""
        return {
            "Cluster": "farflow",
            "TaskARN": self.task_arn,
            "Family": "worker-default",
            "Revision": "7",
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
            "LaunchType": "FARGATE",
            "Containers": [],
        }


class Handler(http.server.BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/api/task-protection/v1/state" or self.headers["Content-Type"] != "application/json":
            self.server.problems.append(f"PUT {self.path} {self.headers['Content-Type']}")
        self._answer(self.server.protect(json.loads(body)))

    def do_GET(self) -> None:
        if self.path != "/v4/0123/task":
            self.server.problems.append(f"GET {self.path}")
        self._answer(self.server.task())

    def _answer(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(agent: Agent) -> Iterator[Agent]:
    thread = threading.Thread(target=agent.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield agent
    finally:
        agent.shutdown()
        thread.join()
        agent.server_close()
