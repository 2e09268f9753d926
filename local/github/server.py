"""The HTTP server on loopback: git, API, archives, control and page, by path."""

from __future__ import annotations

import time
import uuid
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from local.github import codeload, control, git_http, page
from local.github.access import NOBODY
from local.github.exchange import DOCUMENTATION, Answer, Request
from local.github.faults import DROP_CONNECTION
from local.github.request_body import chunks
from local.github.rest import routes
from local.github.site import Site


class Server(ThreadingHTTPServer):
    """One thread per connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        """`site` is set before it serves: its addresses have the port that is chosen here."""
        self.site: Site | None = None
        super().__init__(("127.0.0.1", port), partial(Handler, self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, server: Server, *arguments: object) -> None:
        self._site = server.site
        super().__init__(*arguments)  # type: ignore[arg-type]

    def _serve(self) -> None:
        site = self._site
        if site is None:
            self.send_error(503)
            return
        parts = urlsplit(self.path)
        if git_http.is_git(parts.path):
            git_http.serve(site, self, parts.path, parts.query)
            return
        body = b"".join(chunks(self.headers, self.rfile))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, parts.query, headers, body, NOBODY, {})
        if parts.path.startswith("/_local/"):
            self._send(control.answer(site, request))
        elif codeload.is_archive(parts.path):
            codeload.serve(site, self, request)
        elif page.is_page(parts.path):
            self._send(page.answer(site, request))
        else:
            self._serve_api(site, request)

    def _serve_api(self, site: Site, request: Request) -> None:
        time.sleep(site.faults.api_delay_seconds)
        fault = site.faults.take_api(f"{request.method} {request.path}")
        if fault is None:
            answer = routes.answer(site, request)
        else:
            body = {"message": fault.message, "documentation_url": DOCUMENTATION}
            answer = Answer(fault.status, body, fault.headers)
        site.calls.append(control.call(request, answer.status))
        if answer.status == DROP_CONNECTION:
            self.close_connection = True
            return
        self._send(answer, {"x-github-request-id": uuid.uuid4().hex[:16].upper(), "x-github-media-type": "github.v3"})

    def _send(self, answer: Answer, more: dict[str, str] | None = None) -> None:
        content = answer.content
        self.send_response(answer.status)
        headers = {"content-type": "application/json; charset=utf-8", **(more or {}), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names are http.server's

    def version_string(self) -> str:
        return "local-github"
