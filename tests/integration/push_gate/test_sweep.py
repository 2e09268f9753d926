"""What the sweep puts right when webhooks, messages or workers were lost."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError

from control_plane.push_work import PushWork
from push_gate import judgement_text
from push_gate.github_api import GitHubError, GitHubUnavailableError
from push_gate.github_auth import GitHubTokenError, SecretToken
from push_gate.report import CheckRunReport, Judgement
from tests.integration.push_gate.conftest import GOOD, World
from tests.waiting import eventually


def test_head_that_no_webhook_told_of_is_judged_and_published(world: World) -> None:
    """By the second sweep that sees it: the first cannot tell it from one that is on its way."""
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    assert world.sweep()["queued"] == ""
    assert world.sweep()["queued"] == commit
    (work,) = world.queued()
    assert (work.after, work.ref, work.event, work.trusted) == (commit, "refs/heads/main", "sweep", True)
    assert world.run(work) == {"result": "published"}
    assert set(world.newest()) == {"report.py"}
    assert [world.sweep()["queued"] for _ in range(3)] == ["", "", ""]


@pytest.mark.parametrize("good", [True, False])
def test_head_that_was_judged_is_not_judged_again(world: World, good: bool) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1) if good else "def f(:\n"})
    world.clone.push()
    world.run()
    assert [world.sweep()["queued"] for _ in range(3)] == ["", "", ""]


def test_head_whose_message_was_lost_too_is_queued_again(world: World) -> None:
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    assert [world.sweep()["queued"] for _ in range(4)] == ["", commit, "", commit]


def test_head_that_never_gets_a_verdict_is_given_up_until_the_branch_moves(world: World) -> None:
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    swept = [world.sweep() for _ in range(10)]
    assert [each["queued"] for each in swept if each["queued"]] == [commit] * 3
    assert {each["given_up"] for each in swept[-2:]} == {commit}
    another = world.clone.commit({"dags/report.py": GOOD.format(number=2)})
    world.clone.push()
    assert [world.sweep()["queued"] for _ in range(2)] == ["", another]
    world.clone.git("reset", "--quiet", "--hard", commit)
    world.clone.push("--force")
    assert [world.sweep()["queued"] for _ in range(2)] == ["", commit]


def test_head_that_was_published_is_not_queued_though_its_report_failed(world: World) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    run_with_report_that_fails_after_publishing(world, world.work())
    assert set(world.newest()) == {"report.py"}
    assert [world.sweep()["queued"] for _ in range(3)] == ["", "", ""]


def run_with_report_that_fails_after_publishing(world: World, work: PushWork) -> None:
    def fail(*_: object, **told: object) -> Judgement:
        if told.get("publication"):
            raise GitHubUnavailableError("GitHub is away")
        return verdict(*_, **told)  # type: ignore[arg-type]

    verdict = judgement_text.verdict
    with pytest.MonkeyPatch.context() as patch, pytest.raises(GitHubUnavailableError):
        patch.setattr(judgement_text, "verdict", fail)
        world.run(work)


def test_retry_does_not_publish_again_what_was_rolled_back_meanwhile(world: World) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    world.run()
    first = world.releases.newest()
    world.clone.commit({"dags/report.py": GOOD.format(number=2)})
    world.clone.push()
    work = world.work()
    run_with_report_that_fails_after_publishing(world, work)
    assert first is not None
    rolled_back = world.releases.rollback(first.release.id, "Ada").release
    assert world.run(work) == {"result": "published"}
    newest = world.releases.newest()
    assert newest is not None
    assert newest.release.id == rolled_back.id
    assert world.check()["conclusion"] == "success"


@pytest.mark.parametrize("rolls_back", [False, True])
def test_retry_of_an_attempt_that_ended_between_publishing_and_noting_it(
    world: World, monkeypatch: pytest.MonkeyPatch, rolls_back: bool
) -> None:
    """It finds its own release in the history: neither published twice, nor over an operator's rollback."""
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    world.run()
    first = world.releases.newest()
    assert first is not None
    world.clone.commit({"dags/report.py": GOOD.format(number=2)})
    world.clone.push()
    work = world.work()
    with monkeypatch.context() as ending:
        ending.setattr("push_gate.deploy_branch.DeployBranch.was_published", Mock(side_effect=RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            world.run(work)
    if rolls_back:
        world.releases.rollback(first.release.id, "Ada")
    before = [release.id for release in world.releases.history()]
    assert world.run(work) == {"result": "published"}
    assert [release.id for release in world.releases.history()] == before
    title = world.check()["output"]["title"]
    assert title.endswith(f"published {before[1 if rolls_back else 0]}")


def test_attempt_that_ended_before_it_published_is_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work()
    with monkeypatch.context() as ending:
        ending.setattr("control_plane.dag_releases.DagReleases.publish", Mock(side_effect=RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            world.run(work)
    assert world.releases.newest() is None
    assert world.run(work) == {"result": "published"}
    assert world.releases.newest() is not None


def test_head_that_came_back_by_force_is_judged_though_it_was_before(world: World) -> None:
    first = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    world.run()
    world.clone.commit({"dags/report.py": GOOD.format(number=2)})
    world.clone.push()
    world.run()
    world.clone.git("reset", "--quiet", "--hard", first)
    world.clone.push("--force")
    assert [world.sweep()["queued"] for _ in range(2)] == ["", first]
    (work,) = world.queued()
    assert world.run(work) == {"result": "published"}
    newest = world.releases.newest()
    assert newest is not None
    assert newest.release.commit == first


def test_branch_that_is_not_there_is_nothing_to_do(world: World) -> None:
    assert world.sweep() == {"queued": "", "given_up": "", "redelivered": 0, "closed": 0}


def test_commit_whose_worker_died_says_so(world: World) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work()
    ledger, now = world.handler.ledger, world.handler.time.time()
    ledger._now = lambda: now - 3600
    ledger.start(work.delivery, world.handler.LEASE_SECONDS, work.to_json())
    with world.repository() as repository:
        repository.report.pending(work.after, work.delivery)
    ledger._now = world.handler.time.time
    assert world.sweep()["closed"] == 1
    assert (world.check()["status"], world.check()["conclusion"]) == ("completed", "failure")
    assert world.sweep()["closed"] == 0
    assert world.run(work) == {"result": "published"}, "its message is still there"
    assert world.check()["conclusion"] == "success"


def abandon(world: World, commit: str) -> PushWork:
    """A work whose worker died long ago."""
    work = world.work(commit)
    ledger, now = world.handler.ledger, world.handler.time.time()
    ledger._now = lambda: now - 3600
    ledger.start(work.delivery, world.handler.LEASE_SECONDS, work.to_json())
    ledger._now = world.handler.time.time
    return work


def test_commit_that_cannot_be_told_keeps_no_other_from_being(world: World) -> None:
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    for each in ("1" * 40, commit, "2" * 40):
        abandon(world, each)
    assert world.sweep()["closed"] == 3
    assert world.check()["conclusion"] == "failure"
    assert world.sweep()["closed"] == 0


def test_commit_that_github_is_too_busy_for_is_told_by_the_next_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    abandon(world, commit)
    with monkeypatch.context() as patch:
        patch.setattr(CheckRunReport, "finish", Mock(side_effect=GitHubUnavailableError("GitHub is away")))
        assert world.sweep()["closed"] == 0
    assert world.sweep()["closed"] == 1
    assert world.check()["conclusion"] == "failure"


@pytest.mark.parametrize("call", ["GET .*/git/ref/.*", "GET /app/hook/deliveries"])
def test_part_of_a_sweep_that_fails_keeps_the_others_from_nothing(world: World, call: str) -> None:
    commit = world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    abandon(world, commit)
    world.fault(api=[{"count": 20, "status": 422, "call": call}])
    with pytest.raises(GitHubError):
        world.sweep()
    assert world.check()["conclusion"] == "failure"


def test_work_that_is_running_is_left_alone(world: World) -> None:
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push()
    work = world.work()
    world.handler.ledger.start(work.delivery, world.handler.LEASE_SECONDS, work.to_json())
    assert world.sweep()["closed"] == 0
    assert world.run(work) == {"result": "running"}


def hook(world: World, port: int = 9) -> None:
    """One that nobody answers at: the discard port."""
    hook = {"url": f"http://127.0.0.1:{port}/", "secret": "s", "events": ["*"], "type": "App"}
    world.github.tell("PUT", "/hook", hook)


def attempts(world: World) -> list[Any]:
    return [each for each in world.github.tell("GET", "/deliveries") if each["event"] == "push"]


def test_delivery_that_failed_is_asked_for_again_and_not_for_ever(world: World) -> None:
    hook(world)
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push(branch="feature")
    eventually(lambda: len(attempts(world)) == 1, 10, "GitHub's attempt", pause_seconds=0.05)
    for _ in range(5):
        world.sweep()
    found = attempts(world)
    assert len(found) == 3
    assert len({each["guid"] for each in found}) == 1


def test_failure_behind_many_deliveries_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub tells the newest ones first, a page at a time."""
    hook(world)
    world.clone.commit({"dags/report.py": GOOD.format(number=1)})
    world.clone.push(branch="feature")
    (failed,) = eventually(lambda: attempts(world), 10, "GitHub's attempt", pause_seconds=0.05)
    monkeypatch.setattr("push_gate.sweep.PAGE", 1)
    monkeypatch.setattr("push_gate.sweep.REDELIVERED_AT_MOST", 3)
    for number in range(2):
        world.clone.commit({"dags/report.py": GOOD.format(number=number + 2)})
        world.clone.push(branch=f"feature{number}")
    eventually(lambda: len(attempts(world)) == 3, 10, "an attempt for each push", pause_seconds=0.05)
    assert world.sweep()["redelivered"] == 3
    eventually(lambda: len(attempts(world)) == 6, 10, "each again", pause_seconds=0.05)
    assert [each["guid"] for each in attempts(world)].count(failed["guid"]) == 2


def test_no_more_pages_are_read_than_a_sweep_has_time_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hook(world)
    for number in range(3):
        world.clone.commit({"dags/report.py": GOOD.format(number=number)})
        world.clone.push(branch=f"feature{number}")
    eventually(lambda: len(attempts(world)) == 3, 10, "an attempt for each push", pause_seconds=0.05)
    monkeypatch.setattr("push_gate.sweep.PAGE", 1)
    monkeypatch.setattr("push_gate.sweep.PAGES", 2)
    assert world.sweep()["redelivered"] == 2


def test_gate_that_is_not_set_up_yet_says_so_and_rings_no_alarm(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the deployment until the App's key is imported; nothing failed."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "KMSInvalidStateException", "Message": "is pending import"}}, "Sign")

    monkeypatch.setattr(world.handler.github._jwt._kms, "sign", refuse)
    assert "import the App's private key" in world.sweep()["not_set_up"]


def test_token_that_nobody_put_into_the_secret_is_none(world: World) -> None:
    secretsmanager = boto3.client("secretsmanager")
    arn = secretsmanager.create_secret(Name="token", SecretString="put a token of GitHub here")["ARN"]
    with pytest.raises(GitHubTokenError, match="put a token of GitHub"):
        SecretToken(secretsmanager, arn).token()
