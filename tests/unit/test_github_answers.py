"""What GitHub says beside what it was asked for: how many requests are left, and where the next page begins."""

from typing import Any, cast

import pytest

from push_gate.github_api import GitHubApi, GitHubNotFoundError, GitHubResponseError, _next_cursor
from push_gate.repository import requests_left


class Answering:
    """Stands for GitHub with one answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get(self, _path: str) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def left(answer: Any) -> float:
    return requests_left(cast("GitHubApi", Answering(answer)))


@pytest.mark.parametrize(
    ("limit", "remaining", "share"), [(5000, 5000, 1.0), (12500, 5000, 0.4), (60, 0, 0.0), (0, 0, 0.0)]
)
def test_share_of_requests_is_of_the_limit_that_github_tells(limit: int, remaining: int, share: float) -> None:
    """An installation's limit grows with its organisation."""
    assert left({"resources": {"core": {"limit": limit, "remaining": remaining, "reset": 1}}}) == share


def test_server_without_limits_has_all_of_them_left() -> None:
    """Enterprise Server answers 404 "Rate limiting is not enabled"."""
    assert left(GitHubNotFoundError("404 Rate limiting is not enabled.")) == 1.0


@pytest.mark.parametrize("answer", [{}, [], None, {"resources": {"core": {"limit": "many", "remaining": 1}}}])
def test_answer_without_a_limit_is_none(answer: Any) -> None:
    with pytest.raises(GitHubResponseError):
        left(answer)


NEXT = "https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_12077215967"


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        (f'<{NEXT}>; rel="next"', "v1_12077215967"),
        (f'<https://api.github.com/x?cursor=v1_1>; rel="prev", <{NEXT}>; rel="next"', "v1_12077215967"),
        (f'<{NEXT}>; rel="prev"', None),
        ('<https://elsewhere.example/x?cursor=a%26b>; rel="next"', "a&b"),
        ('<https://api.github.com/x?page=2>; rel="next"', None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_next_page_is_known_by_its_cursor_alone(link: str, cursor: str | None) -> None:
    assert _next_cursor(link) == cursor
