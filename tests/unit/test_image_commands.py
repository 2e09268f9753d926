"""`make image`'s engine and arguments, and the task environment that `make image-test` runs containers with."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from local.image import build, task_environment
from local.image.build import ImageError, Wish


def test_default_is_the_template_s_architecture_and_the_lock_s_version() -> None:
    wish = Wish.parse({})
    assert wish.engine is None
    assert wish.platform == "linux/arm64"
    assert wish.tag.startswith("farflow/airflow:3.")


def test_what_was_asked_for_is_taken() -> None:
    wish = Wish.parse({"ENGINE": "podman", "TAG": "mine:1", "CPU_ARCHITECTURE": "X86_64"})
    assert wish == Wish("podman", "mine:1", "linux/amd64")


@pytest.mark.parametrize("environ", [{"ENGINE": "rkt"}, {"CPU_ARCHITECTURE": "arm64"}])
def test_unknown_wish_is_refused_by_its_name(environ: dict[str, str]) -> None:
    (value,) = environ.values()
    with pytest.raises(ImageError, match=value):
        Wish.parse(environ)


def engine_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_missing_engine_is_told_with_the_way_that_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImageError, match=r"no docker and no podman on PATH\. It is not needed to deploy"):
        build.build({})


def test_engine_that_does_not_answer_is_told_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine_on_path(tmp_path, monkeypatch, "docker", "echo cannot connect to the daemon; exit 1")
    with pytest.raises(ImageError, match="cannot connect to the daemon"):
        build.build({})


def test_engine_is_called_once_with_folder_platform_and_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    engine_on_path(tmp_path, monkeypatch, "podman", '[ "$1" = info ] || echo "called: $*"')
    build.build({"TAG": "mine:1", "CPU_ARCHITECTURE": "X86_64"})
    printed = capfd.readouterr().out
    assert f"called: build --platform linux/amd64 --tag mine:1 {build.FOLDER}\n" in printed
    assert "podman push <repository>:<tag>" in printed


def test_failed_build_fails_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine_on_path(tmp_path, monkeypatch, "docker", '[ "$1" = info ] || exit 3')
    with pytest.raises(ImageError, match="docker build exited with 3"):
        build.build({})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain ${KEPT}", "plain ${KEPT}"),
        ({"Ref": "P"}, "p"),
        ({"Fn::Sub": "a ${P} ${AWS::Region}"}, "a p r"),
        ({"Fn::If": ["Holds", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Not", "yes", {"Ref": "P"}]}, "p"),
        ({"Name": "n", "Value": {"Ref": "P"}}, {"Name": "n", "Value": "p"}),
    ],
)
def test_template_s_functions_are_resolved(value: Any, expected: Any) -> None:
    assert task_environment.evaluate(value, {"P": "p", "AWS::Region": "r"}, {"Holds"}) == expected


def test_variables_follow_the_component_s_conditions() -> None:
    parameters = dict.fromkeys(
        (
            *("AWS::Region", "Component", "DatabaseSslMode", "WorkQueues", "WorkerConcurrency", "Parallelism"),
            *("FileSystemMountPath", "LogsBucketName", "DataBucketName"),
        ),
        "x",
    )
    worker = task_environment.variables(parameters, set())
    migration = task_environment.variables(parameters, {"HoldsSecrets"})
    assert migration.keys() - worker.keys() == {"AIRFLOW__CORE__FERNET_KEY"}
    assert migration["AIRFLOW__CORE__FERNET_KEY"] == "${FERNET_KEY}="


def test_commands_are_the_template_s() -> None:
    assert task_environment.command("Migration") == ["python", "-m", "farflow.migration"]
    started = ["python", "-m", "farflow.start"]
    assert task_environment.command("Workers")[:8] == [*started, "airflow", "celery", "worker", "--queues", "default"]


def test_image_commands_end_with_a_message_not_a_trace(tmp_path: Path) -> None:
    import sys

    result = subprocess.run(
        [sys.executable, "-m", "local.image.build"],
        cwd=build.layout.ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("image: there is no docker")
