"""How the local AWS runs a buildspec, and what its stand-ins for CodeBuild's programs refuse."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import layout
from local.emulator import build_commands
from local.emulator.build_commands import CommandError, check_dockerfile
from local.emulator.buildspec import BuildspecError, PhaseContext, PhaseEnd, overridden, read_line, script, shell_of
from tests.contract import templates


def spec(**phases: list[str]) -> dict[str, Any]:
    return {"version": 0.2, "phases": {phase: {"commands": commands} for phase, commands in phases.items()}}


def output(**phases: list[str]) -> tuple[int, list[str]]:
    """Exit code and lines of the script's run, without the phases' own."""
    result = subprocess.run(["sh", "-c", script(spec(**phases))], capture_output=True, text=True, check=False)
    return result.returncode, [line for line in result.stdout.splitlines() if not line.startswith("[Container]")]


@pytest.mark.parametrize(
    ("phases", "code", "lines"),
    [
        ({"build": ["echo a", "echo b"]}, 0, ["a", "b"]),
        ({"install": ["x=1"], "post_build": ['echo "$x"']}, 0, ["1"]),
        ({"build": ["false", "echo b"], "post_build": ["echo c"]}, 1, ["c"]),
        ({"pre_build": ["false"], "build": ["echo b"], "post_build": ["echo c"]}, 1, []),
        ({"build": ["exit 3"], "post_build": ["echo c"]}, 3, []),
        ({"build": ["echo \"it's\" 'quoted $x'"]}, 0, ["it's quoted $x"]),
        ({}, 0, []),
    ],
)
def test_phases_run_as_codebuild_runs_them(phases: dict[str, list[str]], code: int, lines: list[str]) -> None:
    assert output(**phases) == (code, lines)


def test_command_of_several_lines_runs_as_one() -> None:
    assert output(build=["if false; then\n echo x\nfi\necho y"])[1][-1] == "y"


def test_command_that_ends_the_shell_fails_its_phase() -> None:
    result = subprocess.run(["sh", "-c", script(spec(build=["exit 3"]))], capture_output=True, text=True, check=False)
    assert result.stdout.splitlines()[-1] == "[Container] Phase complete: BUILD State: FAILED"


def test_log_says_what_became_of_each_phase() -> None:
    result = subprocess.run(
        ["sh", "-c", script(spec(build=["exit_with() { return 4; }; exit_with"]))],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [found for line in result.stdout.splitlines() if (found := read_line(line))]
    command = "exit_with() { return 4; }; exit_with"
    assert said == [
        PhaseEnd("INSTALL", "SUCCEEDED"),
        PhaseEnd("PRE_BUILD", "SUCCEEDED"),
        PhaseEnd("BUILD", "FAILED"),
        PhaseContext("COMMAND_EXECUTION_ERROR", f"Error while executing command: {command}. Reason: exit status 4"),
        PhaseEnd("POST_BUILD", "SUCCEEDED"),
    ]


@pytest.mark.parametrize(
    "bad",
    [None, "text", {"version": 0.1, "phases": {}}, {"version": 0.2}, {**spec(), "artifacts": {}}, spec(deploy=[])],
)
def test_what_is_not_imitated_is_refused(bad: Any) -> None:
    with pytest.raises(BuildspecError):
        script(bad)


def test_shell_is_sh_unless_bash_is_asked_for() -> None:
    assert shell_of(spec()) == "sh"
    assert shell_of({**spec(), "env": {"shell": "bash"}}) == "bash"
    with pytest.raises(BuildspecError):
        shell_of({**spec(), "env": {"shell": "powershell.exe"}})


def test_variables_are_put_over_by_name() -> None:
    project = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert overridden(project, [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]) == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "3"},
        {"name": "C", "value": "4"},
    ]


def test_template_s_buildspec_is_one_that_is_imitated() -> None:
    source = templates.stack("image")["Resources"]["Project"]["Properties"]["Source"]
    spec_of_template = yaml.safe_load(source["BuildSpec"])
    assert shell_of(spec_of_template) == "bash"
    assert subprocess.run(["bash", "-n", "-c", script(spec_of_template)], check=False).returncode == 0


def test_image_s_dockerfile_could_be_built_from_its_folder() -> None:
    steps = check_dockerfile(layout.ROOT / "airflow", {"AIRFLOW_BASE_IMAGE": "mirror/airflow:1"})
    assert any("FROM ${AIRFLOW_BASE_IMAGE}" in step for step in steps)


@pytest.mark.parametrize(
    ("dockerfile", "arguments", "refusal"),
    [
        ("RUN true\n", {}, "no FROM"),
        ("FROM scratch\nCOPY --chmod=644 \\\n  missing /x\n", {}, '"/missing" not found'),
        ("FROM scratch\n", {"TYPO": "1"}, "TYPO"),
    ],
)
def test_dockerfile_that_could_not_be_built_is_refused(
    tmp_path: Path, dockerfile: str, arguments: dict[str, str], refusal: str
) -> None:
    (tmp_path / "Dockerfile").write_text(dockerfile)
    with pytest.raises(CommandError, match=refusal):
        check_dockerfile(tmp_path, arguments)


@pytest.mark.parametrize(
    ("program", "arguments", "refusal"),
    [
        ("aws", "lambda get-layer --arn x", "no operation"),
        ("aws", "lambda get-layer-version-by-arn --name x", "unrecognized arguments"),
        ("docker", "run x", "not imitated"),
        ("docker", "build --squash --tag a:b .", "unrecognized arguments"),
        ("docker", "push 123456789012.dkr.ecr.us-east-1.amazonaws.com/a:b", "does not exist locally"),
        ("docker", "login --username me --password-stdin docker.io", "no way into ECR|password is empty"),
        ("curl", "--insecure --output x https://x.invalid", "unrecognized arguments"),
        ("unzip", "-x a.zip", "unrecognized arguments"),
    ],
)
def test_arguments_that_are_not_known_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, arguments: str, refusal: str
) -> None:
    """A build that passes has called the real program's interface."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("sys.stdin.read", lambda: "password", raising=False)
    with pytest.raises(CommandError, match=refusal):
        build_commands.COMMANDS[program](arguments.split())
