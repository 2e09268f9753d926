"""GitHub's REST API with the standard library: one host, one token, bounded sizes and times.

Every path is built from numbers and ids of git, never from a URL that somebody sent. The token goes to the API's own
host alone. Source: https://docs.github.com/en/rest/using-the-rest-api
"""

from __future__ import annotations

import http.client
import io
import json
import queue
import re
import urllib.parse
from collections.abc import Buffer, Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, override

from .github_retry import is_rate_limit, seconds_to_wait

TIMEOUT_SECONDS = 20.0
ANSWER_BYTES = 10 * 1024 * 1024
"""More than the largest tree that GitHub lists at once, of 7 MB."""

CHUNK_BYTES = 64 * 1024
REDIRECTS = 3
IDLE_CONNECTIONS = 8
HEADERS = {
    "Accept": "application/vnd.github+json",
    "X-GitHub-Api-Version": "2022-11-28",
    "User-Agent": "farflow-push-gate",
}
_NEXT = re.compile(r'<(?P<address>[^>]*)>\s*;\s*rel="next"')
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class GitHubError(Exception):
    """GitHub did not do what it was asked for; the message says what it answered."""


class GitHubUnavailableError(GitHubError):
    """No answer that counts in the time there was: ask again later, and take it for neither a yes nor a no."""


class GitHubNotFoundError(GitHubError):
    """There is no such thing, or none that the token may see (404)."""


class GitHubConflictError(GitHubError):
    """The repository is empty, or not ready (409)."""


class GitHubUnprocessableError(GitHubError):
    """GitHub does not accept the request (422), or knows no such commit."""


class GitHubForbiddenError(GitHubError):
    """The token lacks a permission (403)."""


class GitHubAuthenticationError(GitHubError):
    """A new token was refused too (401): renew the token, or the App's key and id."""


class GitHubBudgetError(GitHubError):
    """Of the requests that GitHub allows in an hour, what is left is for others."""


class GitHubResponseError(GitHubError):
    """The answer is none that GitHub documents."""


_ERRORS: dict[int, type[GitHubError]] = {
    401: GitHubAuthenticationError,
    403: GitHubForbiddenError,
    404: GitHubNotFoundError,
    409: GitHubConflictError,
    422: GitHubUnprocessableError,
}


class Tokens(Protocol):
    """Where a token comes from."""

    def token(self) -> str:
        """One that should do."""
        ...

    def renew(self) -> str:
        """Another one, as GitHub refused that."""
        ...


class Download(io.RawIOBase):
    """The body of an answer while it comes, which ends with an error unless all of it came in time.

    Reading raises `GitHubUnavailableError`.
    """

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        seconds_left: Callable[[], float],
    ) -> None:
        super().__init__()
        self._connection = connection
        self._response = response
        self._seconds_left = seconds_left

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        try:
            piece = _piece(self._response, len(view))
        except (OSError, http.client.HTTPException) as error:
            raise GitHubUnavailableError(f"an answer was cut off ({type(error).__name__})") from error
        if self._seconds_left() <= 0:
            raise GitHubUnavailableError("the time was up in the middle of an answer")
        view[: len(piece)] = piece
        return len(piece)

    @override
    def close(self) -> None:
        self._response.close()
        self._connection.close()
        super().close()


@dataclass(frozen=True)
class _Answer:
    """Names of `headers` are in lower case. `download` is what goes on coming, instead of a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    download: Download | None = None


class GitHubApi:
    """Asks until there is an answer or the time is up. May be used by several threads at once.

    `url` is https://api.github.com or an Enterprise Server's https://HOST/api/v3. `seconds_left` says how long an answer
    may take, retries included; `now` is in seconds since 1970. Once less than `kept_back` of the hour's requests is left, a
    share from 0 to 1, it ends with `GitHubBudgetError`. Every method raises `GitHubError`.
    """

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        *,
        seconds_left: Callable[[], float],
        sleep: Callable[[float], None],
        now: Callable[[], float],
        kept_back: float = 0.0,
    ) -> None:
        self._url = urllib.parse.urlsplit(url.rstrip("/"))
        if self._url.scheme != "https" and self._url.hostname not in LOOPBACK:
            raise GitHubError(f"{url} would carry the token unencrypted: use https")
        self._tokens = tokens
        self._seconds_left = seconds_left
        self._sleep = sleep
        self._now = now
        self._kept_back = kept_back
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue(IDLE_CONNECTIONS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections that wait for the next request."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def get(self, path: str, **parameters: str | int) -> Any:
        """The JSON at `path`, which begins with a slash and is quoted already."""
        return _parsed(self._answer("GET", path + _query(parameters), None, repeatable=True))

    def pages(self, path: str, **parameters: str | int) -> Iterator[Any]:
        """The JSON of each page at `path`, of those that a cursor leads through.

        Source: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
        """
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            answer = self._answer("GET", path + _query(parameters | more), None, repeatable=True)
            yield _parsed(answer)
            cursor = _next_cursor(answer.headers.get("link", ""))

    def download(self, path: str) -> Download:
        """What `path` leads to, to be read piece by piece and closed. It is not asked for again once it has begun."""
        answer = self._answer("GET", path, None, repeatable=True, download=True)
        if answer.download is None:
            raise GitHubResponseError(f"GET {path}: nothing to download")
        return answer.download

    def with_share_of_time(self, share: float) -> GitHubApi:
        """The same one with a part of the seconds left, from 0 to 1: what fails in them leaves the others to something else."""
        reserved = self._seconds_left() * (1 - share)
        return GitHubApi(
            self._url.geturl(),
            self._tokens,
            seconds_left=lambda: self._seconds_left() - reserved,
            sleep=self._sleep,
            now=self._now,
            kept_back=self._kept_back,
        )

    def post(self, path: str, body: Mapping[str, Any], *, repeatable: bool) -> Any:
        """Unless `repeatable`, a request whose answer was lost is not sent again: it may have been carried out."""
        return self._request("POST", path, body, repeatable=repeatable)

    def patch(self, path: str, body: Mapping[str, Any], *, repeatable: bool) -> Any:
        """As `post`."""
        return self._request("PATCH", path, body, repeatable=repeatable)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, *, repeatable: bool) -> Any:
        content = None if body is None else json.dumps(body).encode()
        return _parsed(self._answer(method, path, content, repeatable=repeatable))

    def _answer(
        self, method: str, path: str, content: bytes | None, *, repeatable: bool, download: bool = False
    ) -> _Answer:
        """The first one that is no refusal."""
        token, renewed, attempt = self._tokens.token(), False, 0
        while True:
            reason = "no answer"
            answer: _Answer | None = None
            try:
                answer = self._exchange(method, path, content, token, download=download)
            except (OSError, http.client.HTTPException) as error:
                reason = f"no answer ({type(error).__name__})"
            if answer is not None:
                if 200 <= answer.status < 300:
                    if answer.download is None and _share_left(answer.headers) < self._kept_back:
                        raise GitHubBudgetError(f"{method} {path}: what is left of this hour's requests is kept back")
                    return answer
                if answer.status == 401 and not renewed:
                    token, renewed = self._tokens.renew(), True
                    continue
                reason = _told(answer)
            self._wait_for_next(attempt, answer, f"{method} {path}: {reason}", repeatable=repeatable)
            attempt += 1

    def _wait_for_next(self, attempt: int, answer: _Answer | None, reason: str, *, repeatable: bool) -> None:
        """Raises where another attempt would be wrong, of no use or too late."""
        if answer is None:
            seconds = seconds_to_wait(attempt, None, {}, b"", self._now())
        else:
            seconds = seconds_to_wait(attempt, answer.status, answer.headers, answer.body, self._now())
        if seconds is None:
            raise _ERRORS.get(answer.status if answer else 0, GitHubResponseError)(reason)
        carried_out_for_sure_not = answer is not None and is_rate_limit(answer.status, answer.headers, answer.body)
        if not (repeatable or carried_out_for_sure_not):
            raise GitHubUnavailableError(f"{reason}; it may have been carried out")
        if seconds >= self._seconds_left():
            raise GitHubUnavailableError(f"{reason}; the next attempt would be in {seconds:.0f} s")
        self._sleep(seconds)

    def _exchange(self, method: str, path: str, content: bytes | None, token: str, *, download: bool) -> _Answer:
        """One request; redirects are followed for GET alone, elsewhere without the token."""
        url = urllib.parse.urlunsplit((self._url.scheme, self._url.netloc, self._url.path, "", "")) + path
        headers = {**HEADERS, "Authorization": f"Bearer {token}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        for _ in range(REDIRECTS + 1):
            answer = self._send(method, urllib.parse.urlsplit(url), content, headers, download=download)
            location = answer.headers.get("location")
            if method != "GET" or answer.status not in {301, 302, 307, 308} or not location:
                return answer
            target = urllib.parse.urlsplit(urllib.parse.urljoin(url, location))
            if target.scheme != self._url.scheme or (target.scheme != "https" and target.hostname not in LOOPBACK):
                raise GitHubResponseError(f"GET {path}: a redirect to {target.scheme}://{target.netloc}")
            if target.netloc != self._url.netloc:
                headers.pop("Authorization", None)
            url = target.geturl()
        raise GitHubResponseError(f"GET {path}: more than {REDIRECTS} redirects")

    def _send(
        self,
        method: str,
        url: urllib.parse.SplitResult,
        content: bytes | None,
        headers: Mapping[str, str],
        *,
        download: bool,
    ) -> _Answer:
        # A connection that waited may have been closed by the other side, which shows only when it is used: that is
        # no harm for what may be repeated.
        shared = method == "GET" and url.netloc == self._url.netloc
        connection = self._connection(url, shared=shared)
        kept = False
        try:
            target = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
            connection.request(method, target, body=content, headers=dict(headers))
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            if download and 200 <= response.status < 300:
                kept = True
                return _Answer(response.status, told, b"", Download(connection, response, self._seconds_left))
            answer = _Answer(response.status, told, self._read(response))
            if shared and not response.will_close:
                kept = self._keep(connection)
            return answer
        finally:
            if not kept:
                connection.close()

    def _connection(self, url: urllib.parse.SplitResult, *, shared: bool) -> http.client.HTTPConnection:
        timeout = min(TIMEOUT_SECONDS, self._seconds_left())
        if timeout <= 0:
            raise GitHubUnavailableError("the time is up")
        if shared:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                pass
            else:
                if connection.sock is not None:
                    connection.sock.settimeout(timeout)
                return connection
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        return kind(url.hostname or "", url.port, timeout=timeout)

    def _keep(self, connection: http.client.HTTPConnection) -> bool:
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            return False
        return True

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """The body, however slowly it comes, as long as there is time."""
        chunks: list[bytes] = []
        size = 0
        while chunk := _piece(response, CHUNK_BYTES):
            size += len(chunk)
            if size > ANSWER_BYTES:
                raise GitHubResponseError(f"an answer of more than {ANSWER_BYTES} bytes")
            if self._seconds_left() <= 0:
                raise GitHubUnavailableError("the time was up in the middle of an answer")
            chunks.append(chunk)
        return b"".join(chunks)


def _piece(response: http.client.HTTPResponse, most: int) -> bytes:
    """What has come by now, so that an answer that trickles does not keep anybody from looking at the clock."""
    piece = response.read1(most)
    if not piece and response.length:
        raise http.client.IncompleteRead(b"", response.length)  # which read1 itself does not tell
    return piece


def quoted(text: str) -> str:
    """One segment of a path, or several where `text` has slashes."""
    return urllib.parse.quote(text)


def _query(parameters: Mapping[str, str | int]) -> str:
    return f"?{urllib.parse.urlencode(parameters)}" if parameters else ""


def _share_left(headers: Mapping[str, str]) -> float:
    """Of the hour's requests, as each answer tells; all of them where it does not."""
    try:
        return int(headers["x-ratelimit-remaining"]) / int(headers["x-ratelimit-limit"])
    except (KeyError, ValueError, ZeroDivisionError):
        return 1.0


def _next_cursor(link: str) -> str | None:
    """Of the next page's address only where in the list it begins: no address that somebody sent is ever asked."""
    match = _NEXT.search(link)
    query = urllib.parse.urlsplit(match["address"]).query if match else ""
    return urllib.parse.parse_qs(query).get("cursor", [None])[0]


def _parsed(answer: _Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        raise GitHubResponseError(f"an answer of {answer.status} that is no JSON") from None


def _told(answer: _Answer) -> str:
    """The status, and what GitHub says of it."""
    try:
        message = json.loads(answer.body)["message"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return str(answer.status)
    return f"{answer.status} {str(message)[:300]}"
