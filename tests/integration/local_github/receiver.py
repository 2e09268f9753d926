"""Receives webhooks on loopback, and answers as a test wants."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

WAIT_SECONDS = 20.0


@dataclass(frozen=True)
class Received:
    """A request; header names in lower case."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> str:
        return self.headers["x-github-event"]

    @property
    def guid(self) -> str:
        return self.headers["x-github-delivery"]

    @property
    def payload(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """`status` and `answer_headers` are what it answers; it does so once `gate` is set."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 202
        self.answer_headers: dict[str, str] = {}
        self.gate = threading.Event()
        self.gate.set()
        self._received: list[Received] = []
        self._changed = threading.Condition()

    def take(self, received: Received) -> None:
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()

    def wait(self, count: int, event: str = "push") -> list[Received]:
        """The events of this kind, once there are `count`; fails when there are others, or not so many in time."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.of(event)) >= count, WAIT_SECONDS)
            found = self.of(event)
        if len(found) != count:
            pytest.fail(f"{len(found)} events {event} instead of {count}")
        return found

    def of(self, event: str) -> list[Received]:
        return [each for each in self._received if each.event == event]


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.take(Received({name.lower(): value for name, value in self.headers.items()}, body))
            receiver.gate.wait(WAIT_SECONDS)
            with contextlib.suppress(ConnectionError):
                self.send_response(receiver.status)
                for name, value in {"Content-Length": "5", **receiver.answer_headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"taken")

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook?stage=test")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.gate.set()
            server.shutdown()
            thread.join()
