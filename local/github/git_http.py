"""git over HTTP: git's own `http-backend` answers, and a push's ref updates become events.

Sources: https://git-scm.com/docs/git-http-backend and https://git-scm.com/docs/http-protocol
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import IO

from local.github import payloads, push_payload
from local.github.git_process import environ
from local.github.git_repository import PUSH_FILE
from local.github.pushes import announced, parse_updates
from local.github.request_body import chunks
from local.github.site import Site

SERVICE = re.compile(r"/(?P<repository>[^/]+/[^/]+?)(?:\.git)?/(?P<service>info/refs|git-upload-pack|git-receive-pack)")
DEFAULT_LOGIN = "developer"
PIECE_BYTES = 64 * 1024


def is_git(path: str) -> bool:
    return SERVICE.fullmatch(path) is not None


def serve(site: Site, handler: BaseHTTPRequestHandler, path: str, query: str) -> None:
    """Answer one of git's requests. The events of a push are on their way before git's client sees it end."""
    found = SERVICE.fullmatch(path)
    if found is None or found["repository"].lower() != site.full_name.lower():
        handler.send_error(404, "Repository not found.")
        return
    login = _login(handler.headers) or DEFAULT_LOGIN
    with tempfile.NamedTemporaryFile(prefix="push-", dir=site.folder) as push_file:
        backend = subprocess.Popen(
            ["git", "http-backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_variables(site, handler, found["service"], query, login) | {PUSH_FILE: push_file.name},
        )
        with backend:
            feeder = threading.Thread(target=_feed, args=(handler, backend.stdin), daemon=True)
            feeder.start()
            try:
                _answer(handler, backend.stdout)
            finally:
                if backend.stdout is not None:
                    backend.stdout.close()  # a client that left takes no more of it
                backend.wait()
                _announce(site, Path(push_file.name).read_text(), login)
        with contextlib.suppress(ConnectionError):
            handler.wfile.write(b"0\r\n\r\n")
    handler.close_connection = True


def _announce(site: Site, hook_input: str, login: str) -> None:
    updates = parse_updates(hook_input)
    if updates:
        payloads.touch(site)
    for update in announced(updates):
        site.webhooks.send("push", push_payload.push(site, update, updates, login))


def _variables(site: Site, handler: BaseHTTPRequestHandler, service: str, query: str, login: str) -> dict[str, str]:
    """What a CGI program is told: https://www.rfc-editor.org/rfc/rfc3875#section-4.1."""
    headers = {
        "CONTENT_TYPE": "Content-Type",
        "CONTENT_LENGTH": "Content-Length",
        "HTTP_CONTENT_ENCODING": "Content-Encoding",
        "GIT_PROTOCOL": "Git-Protocol",
    }
    told = {name: handler.headers[header] for name, header in headers.items() if handler.headers[header]}
    return environ(
        GIT_PROJECT_ROOT=str(site.repository.path),
        GIT_HTTP_EXPORT_ALL="1",
        PATH_INFO=f"/{service}",
        QUERY_STRING=query,
        REQUEST_METHOD=handler.command,
        REMOTE_ADDR=handler.client_address[0],
        REMOTE_USER=login,
        **told,
    )


def _login(headers: Message) -> str:
    """The user name of basic authentication; any password will do, and none."""
    scheme, _, credentials = (headers["Authorization"] or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _feed(handler: BaseHTTPRequestHandler, to: IO[bytes] | None) -> None:
    """Pass the request's body on. git may answer, or its client leave, before its end."""
    if to is not None:
        with contextlib.suppress(OSError, ValueError), to:
            for piece in chunks(handler.headers, handler.rfile):
                to.write(piece)


def _answer(handler: BaseHTTPRequestHandler, backend: IO[bytes] | None) -> None:
    """Pass on what the CGI program prints, but the end of the body."""
    if backend is None:
        return
    headers = [line.decode("latin-1").partition(": ") for line in _header_lines(backend)]
    status = next((value for name, _, value in headers if name.lower() == "status"), "200 OK")
    handler.send_response(int(status.split()[0]))
    for name, _, value in headers:
        if name.lower() != "status":
            handler.send_header(name, value)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.send_header("Connection", "close")
    handler.end_headers()
    while piece := backend.read1(PIECE_BYTES):  # type: ignore[attr-defined]
        handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")


def _header_lines(backend: IO[bytes]) -> Iterator[bytes]:
    while line := backend.readline().rstrip(b"\r\n"):
        yield line
