"""What a build has come to, and how a failure is told: `image_builder.build_outcome`."""

import json
from typing import Any

import pytest

from image_builder.build_outcome import Failed, Running, Succeeded, build_to_await, outcome, report


def build(status: str = "IN_PROGRESS", number: int = 1, **variables: str) -> dict[str, Any]:
    environment = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()]
    return {"id": f"p:{number}", "buildStatus": status, "environment": {"environmentVariables": environment}}


def test_build_in_progress_is_running() -> None:
    assert outcome(build()) == Running()


def test_build_that_succeeded_is_success() -> None:
    assert outcome(build("SUCCEEDED")) == Succeeded()


@pytest.mark.parametrize("status", ["FAILED", "FAULT", "TIMED_OUT", "STOPPED"])
def test_any_other_end_is_failure(status: str) -> None:
    assert outcome(build(status)) == Failed(f"the build ended as {status}")


def test_failure_names_the_phase_and_what_codebuild_says_of_it() -> None:
    phases = [
        {"phaseType": "PRE_BUILD", "phaseStatus": "SUCCEEDED", "contexts": [{"statusCode": "", "message": ""}]},
        {
            "phaseType": "BUILD",
            "phaseStatus": "FAILED",
            "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR", "message": "exit status 1"}],
        },
        {"phaseType": "COMPLETED"},
    ]
    assert outcome({**build("FAILED"), "phases": phases}) == Failed(
        "the build ended as FAILED; in phase BUILD exit status 1"
    )


@pytest.mark.parametrize(
    ("builds", "found"),
    [
        ([], None),
        ([build("SUCCEEDED", REQUEST_ID="r", IMAGE_TAG="t")], "p:1"),
        ([build("FAILED", REQUEST_ID="r", IMAGE_TAG="t")], "p:1"),
        ([build(IMAGE_TAG="t", REQUEST_ID="other")], "p:1"),
        ([build("FAILED", IMAGE_TAG="t", REQUEST_ID="other")], None),
        ([build(IMAGE_TAG="other", REQUEST_ID="other")], None),
        ([build(number=2, IMAGE_TAG="t"), build("FAILED", REQUEST_ID="r")], "p:1"),
        ([{"id": "p:3", "buildStatus": "IN_PROGRESS"}], None),
    ],
    ids=["none", "own, done", "own, failed", "same image", "failed before", "other image", "own first", "by hand"],
)
def test_build_that_serves_the_request_is_awaited(builds: list[dict[str, Any]], found: str | None) -> None:
    """A failed build of an earlier request is none: who deploys again wants another try."""
    assert build_to_await(builds, "r", "t") == found


def test_report_has_reason_link_and_last_lines() -> None:
    text = report("no", "https://log.invalid", ["first\n", "\n", "last\n"], 1000)
    assert text == "The image was not built: no. Log: https://log.invalid\nfirst\nlast"


def test_report_without_a_log_says_so() -> None:
    assert report("no", "", [], 1000) == "The image was not built: no. Log: none was written"


@pytest.mark.parametrize("character", ["x", '"', "é", "\U0001f4a5"])
def test_report_keeps_the_last_lines_that_fit(character: str) -> None:
    lines = [f"{number} {character * 50}" for number in range(500)]
    text = report("no", "l", lines, 2000)
    kept = text.splitlines()[1:]
    assert kept == lines[-len(kept) :]
    assert 1300 < len(json.dumps(text)) - 2 <= 2000
