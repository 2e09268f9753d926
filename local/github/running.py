"""A local GitHub for as long as a `with` lasts, and talking to it from Python."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from local import layout
from local.errors import LocalStackError
from local.github import identity

START_SECONDS = 20.0
ANSWER_SECONDS = 30.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Loopback is never asked for through a proxy."""


class LocalGitHubError(LocalStackError):
    """The local GitHub does not answer, or refused what it was told."""


@dataclass(frozen=True)
class Reply:
    """An answer of the API, whatever its status; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None


@dataclass(frozen=True)
class LocalGitHub:
    """A running one."""

    url: str
    repository: str

    @property
    def git_url(self) -> str:
        return f"{self.url}/{self.repository}.git"

    def tell(self, method: str, path: str, body: Any = None) -> Any:
        """Use its control surface, `/_local` before the path. Raises `LocalGitHubError` when it refuses."""
        reply = send(self.url, method, f"/_local{path}", body)
        if reply.status >= 400:
            raise LocalGitHubError(f"{method} /_local{path}: {reply.status} {reply.content.decode()}")
        return reply.body

    def api(
        self,
        path: str,
        token: str | None = None,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Call its API; a path without a leading `/` is the repository's."""
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        full = path if path.startswith("/") else f"/repos/{self.repository}/{path}".rstrip("/")
        return send(self.url, method, full, body, {**authorization, **(headers or {})})


def send(url: str, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """One request; `body` goes as JSON, bytes as they are. Raises `OSError` when nobody answers."""
    content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{url}{path}", content, {"User-Agent": "farflow", **(headers or {})}, method=method
    )
    try:
        with DIRECT.open(request, timeout=ANSWER_SECONDS) as answer:
            return _reply(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _reply(error.code, error.headers, error.read())


def _reply(status: int, headers: Message, content: bytes) -> Reply:
    return Reply(status, {name.lower(): value for name, value in headers.items()}, content)


def wait_until_ready(url: str) -> None:
    """Raises `LocalGitHubError` when nothing answers within twenty seconds."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            send(url, "GET", "/_local/state")
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise LocalGitHubError(f"no local GitHub answers at {url}: {error}") from error
        time.sleep(0.02)


@contextlib.contextmanager
def running(folder: Path, port: int = 0, repository: str = identity.DEFAULT_REPOSITORY) -> Iterator[LocalGitHub]:
    """A local GitHub with its state and its log below `folder`. Raises `LocalGitHubError` when it does not start."""
    folder.mkdir(parents=True, exist_ok=True)
    url_file, log_file = folder / "url", folder / "github.log"
    url_file.unlink(missing_ok=True)
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.github", str(port), str(folder), repository],
            cwd=layout.ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not url_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise LocalGitHubError(
                    f"the local GitHub did not start:\n{log_file.read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.02)
        github = LocalGitHub(url_file.read_text(), repository)
        wait_until_ready(github.url)
        yield github
    finally:
        process.kill()
        process.wait()
