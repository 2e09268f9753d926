"""A proxy between one worker and SQS, whose faults a test chooses; all else is the real thing's.

It stands in the worker's AWS_ENDPOINT_URL_SQS. Long polls that are under way when a fault begins meet it too; what
SQS gives to such a poll afterwards is made visible again at once, or it would be seen a minute later only.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOOK_SECONDS = 0.05

CLIENT_ERRORS = ((400, "QueueDoesNotExist"), (403, "AccessDeniedException"), (429, "ThrottlingException"))
SERVER_ERRORS = ((500, "InternalFailure"), (502, "BadGateway"), (503, "ServiceUnavailable"), (504, "GatewayTimeout"))

Fault = Callable[["Handler"], None]


def dropped(handler: Handler) -> None:
    """The connection is reset without an answer."""
    handler.close_connection = True
    with contextlib.suppress(OSError):
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()


def frozen(handler: Handler) -> None:
    """Nothing is answered until the fault is over."""
    fault = handler.server.fault
    while handler.server.fault is fault:
        time.sleep(LOOK_SECONDS)
    dropped(handler)


def answering(*errors: tuple[int, str]) -> Fault:
    """Each request is refused with the next of `errors`, in SQS's JSON."""
    turn = itertools.cycle(errors)

    def answer(handler: Handler) -> None:
        status, code = next(turn)
        body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": "injected"}).encode()
        handler.reply(status, {"Content-Type": "application/x-amz-json-1.0"}, body)

    return answer


@dataclass
class Request:
    """What came: the operation, when, and how it was answered (0: not, or not yet)."""

    operation: str
    status: int = 0
    at: float = field(default_factory=time.monotonic)


class FaultProxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, upstream_port: int, sqs: Any) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream_port = upstream_port
        self.sqs = sqs
        self.fault: Fault | None = None
        self.requests: list[Request] = []
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @contextlib.contextmanager
    def failing(self, fault: Fault) -> Iterator[float]:
        """Gives when it began."""
        self.fault = fault
        try:
            yield time.monotonic()
        finally:
            self.fault = None

    def count(self, operation: str, since: float, *, ok: bool | None = None) -> int:
        """How many requests began since then, and were, or were not, answered with 200 by now, as `ok` says."""
        found = [request for request in self.requests if request.operation == operation and request.at >= since]
        return sum(ok is None or (request.status == 200) is ok for request in found)

    def handle_error(self, *_: Any) -> None:
        """Connections end on purpose here."""


class Handler(BaseHTTPRequestHandler):
    server: FaultProxy
    protocol_version = "HTTP/1.1"
    request_seen: Request

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.request_seen = Request(self.headers.get("X-Amz-Target", "").rpartition(".")[2])
        self.server.requests.append(self.request_seen)
        if not (self.server.fault is None and self.forward(body)):
            fault = self.server.fault
            if fault is not None:
                fault(self)

    def forward(self, body: bytes) -> bool:
        """Pass the request on; False when a fault began before the answer."""
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream_port)
        upstream.request("POST", self.path, body, dict(self.headers))
        while not select.select([upstream.sock], [], [], LOOK_SECONDS)[0]:
            if self.server.fault is not None:
                threading.Thread(target=self.give_back, args=(upstream, body), daemon=True).start()
                return False
        with contextlib.closing(upstream):
            answer = upstream.getresponse()
            self.reply(answer.status, {"Content-Type": answer.headers["Content-Type"]}, answer.read())
        return True

    def give_back(self, upstream: http.client.HTTPConnection, body: bytes) -> None:
        with contextlib.closing(upstream):
            messages = json.loads(upstream.getresponse().read()).get("Messages", [])
        for message in messages:
            self.server.sqs.change_message_visibility(
                QueueUrl=json.loads(body)["QueueUrl"], ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
            )

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.request_seen.status = status
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
