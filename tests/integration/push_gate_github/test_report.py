"""Check runs and statuses: told once, whatever answer is lost, and never a pass that is none."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from push_gate import report
from push_gate.github_api import GitHubApi
from push_gate.report import CheckRunReport, Judgement, StatusReport
from tests.integration.push_gate_github.conftest import COMMIT, DELIVERY, as_ever
from tests.integration.push_gate_github.fake_github_api import REPOSITORY_ID, FakeGitHub, Request


@dataclass(frozen=True)
class Found:
    path: str
    line: int = 1
    rule: str = "AIR301"
    severity: Literal["block", "warn"] = "block"
    message: str = "gone"
    fix: str = ""


@pytest.fixture
def check_runs(api: GitHubApi) -> CheckRunReport:
    return CheckRunReport(api, REPOSITORY_ID, "dags", lambda: datetime(2027, 1, 15, 8, tzinfo=UTC))


FAILED = Judgement("failure", "120 that block", "Nothing is published.", [Found(f"{n:03}.py") for n in range(120)])


def test_check_run_is_pending_and_then_judged(github: FakeGitHub, check_runs: CheckRunReport) -> None:
    check_runs.pending(COMMIT, DELIVERY)
    (run,) = github.check_runs.values()
    assert (run["status"], run["conclusion"]) == ("in_progress", None)
    check_runs.finish(COMMIT, DELIVERY, Judgement("success", "no findings", "12 files"))
    (run,) = github.check_runs.values()
    assert (run["name"], run["head_sha"], run["external_id"]) == (report.NAME, COMMIT, DELIVERY)
    assert (run["status"], run["conclusion"], run["completed_at"]) == ("completed", "success", "2027-01-15T08:00:00Z")
    assert run["output"]["title"] == "no findings"


def test_annotations_come_in_fifties_and_the_conclusion_with_the_last(
    github: FakeGitHub, check_runs: CheckRunReport
) -> None:
    check_runs.finish(COMMIT, DELIVERY, FAILED)
    patches = [request.body for request in github.requests if request.method == "PATCH"]
    assert [len(body["output"]["annotations"]) for body in patches] == [50, 50, 20]
    assert [body.get("conclusion") for body in patches] == [None, None, "failure"]
    (run,) = github.check_runs.values()
    assert [annotation["path"] for annotation in run["annotations"]] == [f"dags/{n:03}.py" for n in range(120)]


def test_delivery_that_runs_twice_has_one_check_run_and_no_annotation_twice(
    github: FakeGitHub, check_runs: CheckRunReport
) -> None:
    for _ in range(2):
        check_runs.pending(COMMIT, DELIVERY)
        check_runs.finish(COMMIT, DELIVERY, FAILED)
    (run,) = github.check_runs.values()
    assert len(run["annotations"]) == 120
    assert run["conclusion"] == "failure"


def test_another_delivery_has_a_check_run_of_its_own(github: FakeGitHub, check_runs: CheckRunReport) -> None:
    check_runs.pending(COMMIT, DELIVERY)
    check_runs.pending(COMMIT, "another")
    assert len(github.check_runs) == 2


def test_check_run_is_found_behind_others(
    github: FakeGitHub, check_runs: CheckRunReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "PAGE", 2)
    for number in range(4):
        check_runs.pending(COMMIT, f"other-{number}")
    check_runs.pending(COMMIT, DELIVERY)
    check_runs.pending(COMMIT, DELIVERY)
    assert len(github.check_runs) == 5


def carried_out_and_lost(github: FakeGitHub) -> Callable[[Request], None]:
    """GitHub does what is asked, and the answer never comes."""

    def lose(request: Request) -> None:
        github.regular_answer(request)

    return lose


def test_creation_whose_answer_was_lost_makes_no_second_check_run(
    github: FakeGitHub, check_runs: CheckRunReport
) -> None:
    github.faults = [as_ever, carried_out_and_lost(github)]
    check_runs.pending(COMMIT, DELIVERY)
    assert len(github.check_runs) == 1


def test_creation_that_never_arrived_is_repeated(github: FakeGitHub, check_runs: CheckRunReport) -> None:
    github.faults = [as_ever, None]
    check_runs.pending(COMMIT, DELIVERY)
    assert len(github.check_runs) == 1


def test_verdict_is_told_without_annotations_that_github_refuses(
    github: FakeGitHub, check_runs: CheckRunReport
) -> None:
    github.faults = [as_ever, as_ever, (422, {}, {"message": "Invalid request."})]
    check_runs.finish(COMMIT, DELIVERY, Judgement("success", "1 that warns", "x", [Found("a.py", severity="warn")]))
    (run,) = github.check_runs.values()
    assert (run["status"], run["conclusion"], run["annotations"]) == ("completed", "success", [])
    assert "a.py:1" in run["output"]["text"]


@pytest.mark.parametrize("request_number", range(2, 5))
@pytest.mark.parametrize("lost", ["before", "after"])
def test_batch_whose_answer_was_lost_is_there_once(
    github: FakeGitHub, check_runs: CheckRunReport, request_number: int, lost: str
) -> None:
    fault = carried_out_and_lost(github) if lost == "after" else None
    github.faults = [*([as_ever] * request_number), fault]
    check_runs.finish(COMMIT, DELIVERY, FAILED)
    (run,) = github.check_runs.values()
    assert len(run["annotations"]) == 120
    assert (run["status"], run["conclusion"]) == ("completed", "failure")


def test_gate_that_failed_is_never_a_pass(github: FakeGitHub, api: GitHubApi, check_runs: CheckRunReport) -> None:
    crashed = Judgement("error", "The push gate itself failed", "Push again, or ask whoever runs Farflow.")
    check_runs.finish(COMMIT, DELIVERY, crashed)
    (run,) = github.check_runs.values()
    assert run["conclusion"] == "failure"
    assert "gate itself" in run["output"]["title"]
    StatusReport(api, REPOSITORY_ID).finish(COMMIT, DELIVERY, crashed)
    assert github.statuses[-1]["state"] == "error"


def test_texts_are_cut_and_redacted(github: FakeGitHub, check_runs: CheckRunReport) -> None:
    token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
    long = Judgement(
        "failure", f"{token} " * 50, f"{token} " * 7000, [Found("a.py", message=f"{token} {'é' * 70_000}")]
    )
    check_runs.finish(COMMIT, DELIVERY, long)
    (run,) = github.check_runs.values()
    assert len(run["output"]["title"]) == 255
    assert len(run["output"]["summary"]) == 65_535
    assert len(run["annotations"][0]["message"].encode()) <= 64 * 1024
    assert token not in json.dumps(github.check_runs)


def test_status_is_one_line_of_140_characters(github: FakeGitHub, api: GitHubApi) -> None:
    statuses = StatusReport(api, REPOSITORY_ID)
    statuses.pending(COMMIT, DELIVERY)
    statuses.finish(COMMIT, DELIVERY, Judgement("failure", "a\nb ghp_16C7e42F292c6912E7710c838347Ae178B4a" * 20, ""))
    pending, failure = github.statuses
    assert (pending["sha"], pending["state"], pending["context"]) == (COMMIT, "pending", report.NAME)
    assert failure["state"] == "failure"
    assert len(failure["description"]) == 140
    assert failure["description"].startswith("a b [redacted]")


@pytest.mark.parametrize(("conclusion", "state"), [("success", "success"), ("failure", "failure"), ("error", "error")])
def test_only_success_looks_like_one(github: FakeGitHub, api: GitHubApi, conclusion: Any, state: str) -> None:
    StatusReport(api, REPOSITORY_ID).finish(COMMIT, DELIVERY, Judgement(conclusion, "x", ""))
    assert github.statuses[0]["state"] == state
