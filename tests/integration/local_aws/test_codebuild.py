"""CodeBuild: a build's commands run as its project's role, and its log and record tell what became of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.local_aws.conftest import LocalAws

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "codebuild.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
WRITE_LOG = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
PROJECTS = iter(range(1000))


@pytest.fixture
def project(local_aws: LocalAws) -> Callable[..., str]:
    """Makes a project of commands by phase, with a role that may write its log and what is asked for."""

    def make(*statements: dict[str, Any], write_log: bool = True, **phases: list[str]) -> str:
        name = f"project-{next(PROJECTS)}"
        iam = local_aws.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": [*([WRITE_LOG] if write_log else []), *statements]}
        if policy["Statement"]:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        spec = {"version": 0.2, "phases": {phase: {"commands": commands} for phase, commands in phases.items()}}
        local_aws.client("codebuild").create_project(
            name=name,
            serviceRole=arn,
            source={"type": "NO_SOURCE", "buildspec": json.dumps(spec)},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "FRUIT", "value": "apple"}, {"name": "KEPT", "value": "kept"}],
            },
        )
        return name

    return make


@pytest.fixture
def run(local_aws: LocalAws, eventually: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Starts a build and returns it as it ended."""
    codebuild = local_aws.client("codebuild")

    def start(name: str, **options: Any) -> dict[str, Any]:
        build_id = codebuild.start_build(projectName=name, **options)["build"]["id"]

        def ended() -> dict[str, Any] | None:
            (build,) = codebuild.batch_get_builds(ids=[build_id])["builds"]
            return build if build["buildStatus"] != "IN_PROGRESS" else None

        build: dict[str, Any] = eventually(ended, 5, "the build's end")
        return build

    return start


def log(aws: LocalAws, build: dict[str, Any]) -> list[str]:
    where = build["logs"]
    events = aws.client("logs").get_log_events(logGroupName=where["groupName"], logStreamName=where["streamName"])
    return [event["message"] for event in events["events"]]


def phases(build: dict[str, Any]) -> dict[str, str]:
    return {phase["phaseType"]: phase.get("phaseStatus", "") for phase in build["phases"]}


def test_commands_run_in_one_shell_and_their_output_is_the_log(
    local_aws: LocalAws, project: Callable[..., str], run: Callable[..., dict[str, Any]]
) -> None:
    build = run(project(pre_build=["mkdir there", "cd there", "word=hello"], build=['echo "$word from ${PWD##*/}"']))
    assert build["buildStatus"] == "SUCCEEDED"
    assert "hello from there" in log(local_aws, build)


def test_build_s_own_variables_go_over_the_project_s(
    local_aws: LocalAws, project: Callable[..., str], run: Callable[..., dict[str, Any]]
) -> None:
    variables = [{"name": "FRUIT", "value": "pear"}, {"name": "NEW", "value": "new"}]
    build = run(project(build=['echo "$FRUIT $KEPT $NEW"']), environmentVariablesOverride=variables)
    assert "pear kept new" in log(local_aws, build)
    seen = {variable["name"]: variable["value"] for variable in build["environment"]["environmentVariables"]}
    assert seen == {"FRUIT": "pear", "KEPT": "kept", "NEW": "new"}


def test_failing_command_fails_the_build_and_is_named(
    local_aws: LocalAws, project: Callable[..., str], run: Callable[..., dict[str, Any]]
) -> None:
    build = run(project(build=["echo before", "false", "echo after"], post_build=["echo cleaned"]))
    assert build["buildStatus"] == "FAILED"
    assert phases(build) | {"BUILD": "FAILED", "POST_BUILD": "SUCCEEDED"} == phases(build)
    (failed,) = (phase for phase in build["phases"] if phase["phaseType"] == "BUILD")
    assert failed["contexts"][0]["message"] == "Error while executing command: false. Reason: exit status 1"
    lines = log(local_aws, build)
    assert "before" in lines
    assert "cleaned" in lines
    assert "after" not in lines


def test_nothing_runs_after_a_failed_preparation(
    local_aws: LocalAws, project: Callable[..., str], run: Callable[..., dict[str, Any]]
) -> None:
    build = run(project(pre_build=["exit 7"], build=["echo built"]))
    assert build["buildStatus"] == "FAILED"
    assert "built" not in log(local_aws, build)


def test_commands_act_as_the_project_s_role(
    local_aws: LocalAws, project: Callable[..., str], run: Callable[..., dict[str, Any]]
) -> None:
    call = "aws sqs create-queue --queue-name of-a-build --query QueueUrl --output text"
    refused = run(project(build=[call]))
    assert refused["buildStatus"] == "FAILED"
    assert any(
        "is not authorized to perform: sqs:createqueue" in line for line in map(str.lower, log(local_aws, refused))
    )
    allowed = run(project({"Effect": "Allow", "Action": "sqs:CreateQueue", "Resource": "*"}, build=[call]))
    assert allowed["buildStatus"] == "SUCCEEDED"


def test_role_that_may_not_write_the_log_fails_the_build(
    local_aws: LocalAws, project: Callable[..., str], run: Callable[..., dict[str, Any]]
) -> None:
    build = run(project(write_log=False, build=["true"]))
    assert build["buildStatus"] == "FAILED"
    assert "logs:CreateLogStream" in str(build["phases"])


def test_start_that_is_repeated_with_its_token_is_one_build(local_aws: LocalAws, project: Callable[..., str]) -> None:
    codebuild = local_aws.client("codebuild")
    name = project(build=["true"])
    first = codebuild.start_build(projectName=name, idempotencyToken="once")["build"]["id"]
    assert codebuild.start_build(projectName=name, idempotencyToken="once")["build"]["id"] == first
    assert codebuild.start_build(projectName=name, idempotencyToken="twice")["build"]["id"] != first
    with pytest.raises(codebuild.exceptions.InvalidInputException):
        codebuild.start_build(
            projectName=name, idempotencyToken="once", environmentVariablesOverride=[{"name": "A", "value": "1"}]
        )
