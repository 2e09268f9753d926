"""A way to an S3 endpoint that is as far away as AWS's is: each request waits, and is counted."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

HEAD_END = b"\r\n\r\n"
LIMIT_BYTES = 1024 * 1024
"""Of a request's or an answer's head."""


@dataclass
class Traffic:
    """What went through."""

    requests: int = 0
    body_bytes: int = 0
    """Both ways."""


class SlowS3:
    """Listens on a port of the loopback interface, in a thread of its own, while the `with` lasts."""

    def __init__(self, upstream_port: int, seconds_per_request: float) -> None:
        self._upstream_port = upstream_port
        self._seconds = seconds_per_request
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._port = 0
        self._traffic = Traffic()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def counted(self) -> Traffic:
        """What went through since the last call."""
        counted, self._traffic = self._traffic, Traffic()
        return counted

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = asyncio.start_server(self._connection, "127.0.0.1", 0, limit=LIMIT_BYTES, backlog=1024)
        self._port = self._loop.run_until_complete(listening).sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        connections = asyncio.all_tasks(self._loop)
        for connection in connections:
            connection.cancel()
        self._loop.run_until_complete(asyncio.gather(*connections, return_exceptions=True))
        self._loop.close()

    async def _connection(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._upstream_port, limit=LIMIT_BYTES)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = _head(await client.readuntil(HEAD_END))
                if "expect" in head.fields:  # S3 asks for the body at once; what waits is the request
                    to_client.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await client.readexactly(head.length)
                await asyncio.sleep(self._seconds)
                to_server.write(head.without("expect") + body)
                answer = _head(await server.readuntil(HEAD_END))
                answer_body = b"" if head.is_of("HEAD") else await server.readexactly(answer.length)
                self._traffic.requests += 1
                self._traffic.body_bytes += len(body) + len(answer_body)
                to_client.write(answer.content + answer_body)
                await to_client.drain()
        to_client.close()
        to_server.close()


@dataclass(frozen=True)
class _Head:
    content: bytes
    fields: dict[str, str]

    @property
    def length(self) -> int:
        if "transfer-encoding" in self.fields:
            raise ConnectionError("a body of unknown length: the endpoint and its clients are expected to say it")
        return int(self.fields.get("content-length", 0))

    def is_of(self, method: str) -> bool:
        return self.content.startswith(method.encode() + b" ")

    def without(self, name: str) -> bytes:
        if name not in self.fields:
            return self.content
        lines = self.content.split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(name.encode() + b":"))


def _head(content: bytes) -> _Head:
    lines = (line.partition(":") for line in content.decode("latin-1").split("\r\n")[1:])
    return _Head(content, {name.lower(): value.strip() for name, _, value in lines if name})
