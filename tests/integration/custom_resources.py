"""What a custom resource's function meets: CloudFormation's presigned URL, and a function's context."""

from __future__ import annotations

import importlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType
from typing import Any

import pytest


class Context:
    """A function's context. It has `looks` looks at its clock before its time is over."""

    memory_limit_in_mb = 512
    aws_request_id = "1"

    def __init__(self, function_name: str, looks: int = 100) -> None:
        self.function_name = function_name
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 900_000 if self.looks >= 0 else 29_000


class AnswerServer:
    """Takes what CloudFormation's presigned URL would take, and gives out `files` by their path."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        received, files = self.received, self.files

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                assert not self.headers["Content-Type"], "the URL is signed without one"
                received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def do_GET(self) -> None:
                content = files.get(self.path)
                self.send_response(404 if content is None else 200)
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.url = f"{self.origin}/answer"

    def one(self) -> dict[str, Any]:
        (answer,) = self.received
        return answer


@contextmanager
def answer_server() -> Iterator[AnswerServer]:
    answers = AnswerServer()
    thread = threading.Thread(target=answers.server.serve_forever, args=[0.01])
    thread.start()
    yield answers
    answers.server.shutdown()
    thread.join()
    answers.server.server_close()


def load_handler(monkeypatch: pytest.MonkeyPatch, folder: str, **environ: str) -> ModuleType:
    """The handler's module, imported anew as a cold start does, in which nothing sleeps."""
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "POWERTOOLS_SERVICE_NAME": folder,
        "POWERTOOLS_METRICS_NAMESPACE": "Farflow",
        "POWERTOOLS_TRACE_DISABLED": "true",
        **environ,
    }.items():
        monkeypatch.setenv(name, value)
    for name in [name for name in sys.modules if name.startswith((f"{folder}.handler", "control_plane.observability"))]:
        del sys.modules[name]
    module = importlib.import_module(f"{folder}.handler")
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    return module
