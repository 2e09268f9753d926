"""Answers that trickle, are cut off, or lead elsewhere."""

import io
import socket
import threading
from typing import Self

import pytest

from push_gate.github_api import GitHubApi, GitHubNotFoundError, GitHubResponseError, GitHubUnavailableError
from tests.integration.push_gate_archive.conftest import Tokens


class Scripted:
    """A server that answers each connection with the next of `answers`, in pieces, and notes how many it got rid of."""

    def __init__(self, *answers: list[bytes]) -> None:
        self._answers = answers
        self.sent = 0
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)  # whoever waits for a connection gets none
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        for answer in self._answers:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.recv(65536)
                for piece in answer:
                    try:
                        connection.sendall(piece)
                    except ConnectionError:
                        break
                    self.sent += 1
                    self._stopped.wait(0.01 if len(answer) > 9 else 0)


class Clock:
    """Says that there is time left so many times."""

    def __init__(self, times: int) -> None:
        self._times = times

    def left(self) -> float:
        self._times -= 1
        return 20.0 if self._times > 0 else 0.0


def slow_api(url: str, clock: Clock) -> GitHubApi:
    return GitHubApi(url, Tokens(), seconds_left=clock.left, sleep=lambda _: None, now=lambda: 0.0)


TRICKLE = [b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n", *[b" "] * 400]


def test_answer_that_trickles_is_given_up_when_the_time_is() -> None:
    with Scripted(TRICKLE) as server, slow_api(server.url, Clock(20)) as api:
        with pytest.raises(GitHubUnavailableError, match="time was up"):
            api.get("/x")
        assert server.sent < 200


def test_download_that_trickles_is_given_up_when_the_time_is() -> None:
    with (
        Scripted(TRICKLE) as server,
        slow_api(server.url, Clock(20)) as api,
        io.BufferedReader(api.download("/x")) as download,
    ):
        with pytest.raises(GitHubUnavailableError, match="time was up"):
            download.read()
        assert server.sent < 200


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}"]
)  # fmt: skip
def test_answer_that_is_cut_off_is_none(head: bytes) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with Scripted([head], [whole]) as server, slow_api(server.url, Clock(100)) as api:
        assert api.get("/x") == {}
        assert server.connections == 2
    with (
        Scripted([head]) as server,
        slow_api(server.url, Clock(100)) as api,
        io.BufferedReader(api.download("/x")) as download,
        pytest.raises(GitHubUnavailableError, match="cut off"),
    ):
        download.read()


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data", "https://localhost/x", "file:///etc/passwd"]
)
def test_download_is_not_followed_to_where_it_is_not_safe(target: str) -> None:
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
    with (
        Scripted([redirect]) as server,
        slow_api(server.url, Clock(100)) as api,
        pytest.raises(GitHubResponseError, match="redirect to"),
    ):
        api.download("/x")


def test_download_that_is_refused_is_the_error_of_its_status() -> None:
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n\r\n404: Not Found"
    with (
        Scripted([gone]) as server,
        slow_api(server.url, Clock(100)) as api,
        pytest.raises(GitHubNotFoundError, match="404"),
    ):
        api.download("/x")
