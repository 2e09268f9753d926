"""One request: what it carries, which trouble it waits out, where it follows a redirect, and a branch's head by it."""

from typing import Any

import pytest

from push_gate import github_api
from push_gate.github_api import (
    GitHubApi,
    GitHubAuthenticationError,
    GitHubConflictError,
    GitHubError,
    GitHubForbiddenError,
    GitHubNotFoundError,
    GitHubResponseError,
    GitHubUnavailableError,
    GitHubUnprocessableError,
)
from push_gate.github_auth import find_installation_id
from push_gate.repository import find_repository_id, live_head
from tests.integration.push_gate_github.conftest import COMMIT, Time, Tokens, refused
from tests.integration.push_gate_github.fake_github_api import BASE, REPOSITORY_ID, FakeGitHub

OTHER_LOOPBACK = "localhost"
"""Another host than 127.0.0.1, as far as tokens go."""


def test_request_carries_what_github_asks_for(github: FakeGitHub, api: GitHubApi) -> None:
    assert find_repository_id(api, "Codertocat/Hello-World") == REPOSITORY_ID
    (request,) = github.requests
    assert request.path == "/repos/Codertocat/Hello-World"
    assert request.headers["authorization"] == "Bearer token-1"
    assert request.headers["accept"] == "application/vnd.github+json"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert request.headers["user-agent"]


def test_installation_is_found_by_the_repository_s_name(api: GitHubApi) -> None:
    assert find_installation_id(api, "Codertocat/Hello-World") == 957387


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, GitHubForbiddenError),
        (404, GitHubNotFoundError),
        (409, GitHubConflictError),
        (422, GitHubUnprocessableError),
        (418, GitHubResponseError),
        (304, GitHubResponseError),
    ],
)
def test_refusal_is_told_at_once_with_github_s_words(
    github: FakeGitHub, api: GitHubApi, time: Time, status: int, error: type[GitHubError]
) -> None:
    github.faults = [refused(status, "Resource not accessible" if status != 304 else "")]
    if status == 304:
        github.faults = [(304, {}, b"")]
    with pytest.raises(error, match=str(status)) as told:
        api.get("/x")
    assert status == 304 or "Resource not accessible" in str(told.value)
    assert time.slept == []


@pytest.mark.parametrize(
    ("faults", "slept"),
    [
        ([refused(500)], [1]),
        ([None], [1]),
        ([refused(502), None, refused(503)], [1, 2, 4]),
        ([refused(429, retry_after="30")], [30]),
        ([refused(403, x_ratelimit_remaining="0", x_ratelimit_reset="1800000100")], [100]),
        ([refused(403, "You have exceeded a secondary rate limit.")], [60]),
        ([refused(403, "You have exceeded a secondary rate limit."), refused(429, retry_after="5")], [60, 5]),
    ],
)
def test_trouble_that_passes_is_waited_out(
    github: FakeGitHub, api: GitHubApi, time: Time, faults: list[Any], slept: list[float]
) -> None:
    github.faults = list(faults)
    assert find_repository_id(api, "o/r") == REPOSITORY_ID
    assert time.slept == slept


@pytest.mark.parametrize("fault", [refused(500), None, refused(429), refused(429, retry_after="3600")])
def test_trouble_that_lasts_ends_in_time_as_unavailable(
    github: FakeGitHub, api: GitHubApi, time: Time, fault: Any
) -> None:
    github.faults = [fault] * 50
    with pytest.raises(GitHubUnavailableError):
        api.get("/x")
    assert time.passed < 240


def test_no_time_left_asks_nothing(github: FakeGitHub, api: GitHubApi, time: Time) -> None:
    time.passed = 240
    with pytest.raises(GitHubUnavailableError, match="time is up"):
        api.get("/x")
    assert github.requests == []


def test_refused_token_is_renewed_once(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [refused(401, "Bad credentials")]
    assert find_repository_id(api, "o/r") == REPOSITORY_ID
    assert [request.headers["authorization"] for request in github.requests] == ["Bearer token-1", "Bearer token-2"]
    github.faults = [refused(401, "Bad credentials")] * 5
    with pytest.raises(GitHubAuthenticationError):
        api.get("/x")
    assert len(github.requests) == 4


def test_request_whose_answer_was_lost_is_not_repeated_when_it_may_count_twice(
    github: FakeGitHub, api: GitHubApi
) -> None:
    for fault in (None, refused(502)):
        github.requests.clear()
        github.faults = [fault]
        with pytest.raises(GitHubUnavailableError, match="may have been carried out"):
            api.post("/x", {}, repeatable=False)
        assert len(github.requests) == 1


def test_request_that_was_refused_for_its_rate_is_repeated_whatever_it_is(
    github: FakeGitHub, api: GitHubApi, time: Time
) -> None:
    github.faults = [refused(429, retry_after="9"), (201, {}, {"id": 1})]
    assert api.post("/x", {}, repeatable=False) == {"id": 1}
    assert time.slept == [9]


def test_redirect_within_the_host_keeps_the_token(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [(301, {"Location": "/repos/new/name"}, {})]
    assert find_repository_id(api, "o/r") == REPOSITORY_ID
    assert [request.headers.get("authorization") for request in github.requests] == ["Bearer token-1"] * 2


def test_redirect_to_another_host_drops_the_token_for_good(github: FakeGitHub, api: GitHubApi) -> None:
    port = github.url.rpartition(":")[2]
    back = (302, {"Location": f"{github.url}/repos/new/name"}, {})
    github.faults = [(302, {"Location": f"http://{OTHER_LOOPBACK}:{port}/elsewhere"}, {}), back]
    assert find_repository_id(api, "o/r") == REPOSITORY_ID
    assert [(request.path, request.headers.get("authorization")) for request in github.requests] == [
        ("/repos/o/r", "Bearer token-1"),
        ("/elsewhere", None),
        ("/repos/new/name", None),
    ]


def test_redirects_without_end_and_to_another_scheme_are_refused(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [(302, {"Location": "/again"}, {})] * 10
    with pytest.raises(GitHubResponseError, match="redirects"):
        api.get("/x")
    assert len(github.requests) == 4
    github.faults = [(302, {"Location": "file:///etc/passwd"}, {})]
    with pytest.raises(GitHubResponseError, match="redirect to file"):
        api.get("/x")


def test_redirect_of_what_changes_something_is_not_followed(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [(307, {"Location": "/elsewhere"}, {})]
    with pytest.raises(GitHubResponseError):
        api.post("/x", {}, repeatable=True)
    assert len(github.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000])
def test_answer_that_is_no_json_is_an_error(github: FakeGitHub, api: GitHubApi, body: bytes) -> None:
    github.faults = [(200, {}, body)]
    with pytest.raises(GitHubResponseError, match="no JSON"):
        api.get("/x")


def test_answer_without_end_is_cut_off(github: FakeGitHub, api: GitHubApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_api, "ANSWER_BYTES", 1000)
    github.faults = [(200, {}, b" " * 1001)]
    with pytest.raises(GitHubResponseError, match="more than 1000 bytes"):
        api.get("/x")


def test_token_is_never_sent_unencrypted(time: Time) -> None:
    with pytest.raises(GitHubError, match="use https"):
        GitHubApi("http://github.example.com", Tokens(), seconds_left=time.left, sleep=time.sleep, now=time.now)


def test_enterprise_server_s_path_comes_before_each_request_s(github: FakeGitHub, time: Time) -> None:
    github.faults = [(200, {}, {})]
    url = f"{github.url}/api/v3/"
    with GitHubApi(url, Tokens(), seconds_left=time.left, sleep=time.sleep, now=time.now) as api:
        api.get("/repos/o/r")
    assert github.requests[0].path == "/api/v3/repos/o/r"


# ---- a branch's head -----------------------------------------------------------------------------


def test_live_head_is_where_the_branch_is_now(github: FakeGitHub, api: GitHubApi) -> None:
    first = github.commit({"a": b"1"})
    assert live_head(api, REPOSITORY_ID, "main") == first
    second = github.commit({"a": b"2"})
    assert live_head(api, REPOSITORY_ID, "main") == second != first


def test_branch_that_is_gone_has_no_head(api: GitHubApi) -> None:
    assert live_head(api, REPOSITORY_ID, "no-such-branch") is None


def test_branch_s_name_is_quoted(github: FakeGitHub, api: GitHubApi) -> None:
    live_head(api, REPOSITORY_ID, "größe/a#b?c%2F")
    assert github.requests[0].path == f"{BASE}/git/ref/heads/gr%C3%B6%C3%9Fe/a%23b%3Fc%252F"


def test_head_that_is_not_known_is_no_missing_branch(github: FakeGitHub, api: GitHubApi) -> None:
    github.faults = [refused(500)] * 50
    with pytest.raises(GitHubUnavailableError):
        live_head(api, REPOSITORY_ID, "main")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        {"ref": "refs/heads/main", "object": {"type": "tag", "sha": COMMIT}},
        {"ref": "refs/heads/main", "object": {"type": "commit", "sha": "../x"}},
        {"ref": "refs/heads/maintenance", "object": {"type": "commit", "sha": COMMIT}},
    ],
)
def test_answer_of_another_ref_is_an_error(github: FakeGitHub, api: GitHubApi, answer: Any) -> None:
    github.faults = [(200, {}, answer)]
    with pytest.raises(GitHubResponseError):
        live_head(api, REPOSITORY_ID, "main")
