"""What outlives the process: everything but faults and the list of calls."""

from pathlib import Path

import pytest

from local.github.running import LocalGitHubError, running, wait_until_ready
from tests.integration.local_github.clone import Clone
from tests.integration.local_github.conftest import SECRET, TOKEN, Client
from tests.integration.local_github.receiver import receiving
from tests.integration.local_github.test_webhooks import deliveries


def test_killed_and_started_again_it_knows_what_it_knew(tmp_path: Path) -> None:
    with receiving() as receiver:
        with running(tmp_path / "github") as github:
            github.tell("PUT", "/hook", {"url": receiver.url, "secret": SECRET})
            github.tell("PUT", "/token", {"token": TOKEN})
            github.tell("PUT", "/faults", {"api": [{"count": 9, "status": 500}]})
            clone = Clone.of(github.git_url, tmp_path / "clone")
            sha = clone.commit({"a": "1"})
            clone.push()
            [delivery] = deliveries(github, 1)
        with running(tmp_path / "github") as github:
            person = Client(github, TOKEN)
            assert person.get("git/ref/heads/main")["object"]["sha"] == sha
            status = person.send("POST", f"statuses/{sha}", {"state": "success"})
            assert status["id"] > delivery["id"]
            github.tell("POST", "/redeliver", {"id": delivery["id"]})
            first, again = receiver.wait(2)
            assert (again.guid, again.body) == (first.guid, first.body)
            clone.git("remote", "set-url", "origin", github.git_url)
            clone.commit({"a": "2"})
            clone.push()
            receiver.wait(3)
        with running(tmp_path / "github") as github:
            assert Client(github, TOKEN).get(f"commits/{sha}/statuses")[0]["id"] == status["id"]


def test_other_repository_has_the_name_it_was_given(tmp_path: Path) -> None:
    with running(tmp_path / "github", repository="acme/workflows") as github:
        assert github.git_url.endswith("/acme/workflows.git")
        Clone.of(github.git_url, tmp_path / "clone")
        github.tell("PUT", "/token", {"token": TOKEN})
        assert Client(github, TOKEN).get("")["full_name"] == "acme/workflows"


@pytest.mark.parametrize("name", ["dags", "a/b/c", "../x", "a/b c"])
def test_name_that_is_none_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    with pytest.raises(LocalGitHubError, match="OWNER/NAME"), running(tmp_path / "github", repository=name):
        pass


def test_nobody_at_the_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.github.running.START_SECONDS", 0.05)
    with pytest.raises(LocalGitHubError, match="no local GitHub answers"):
        wait_until_ready("http://127.0.0.1:9")
