"""The commands as a user calls them, each on a machine where nothing of the stack runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import layout, stack_control
from local.processes import owned_processes


@pytest.fixture(autouse=True)
def _no_stack() -> Iterator[None]:
    stack_control.stop()
    yield
    stack_control.stop()


def make(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=layout.ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_demo_of_a_folder_with_a_broken_dag_fails_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken_dag.py").write_text("from airflow.sdk import dag, no_such_thing\n")
    (tmp_path / "good_dag.py").write_text(
        "import pendulum\nfrom airflow.sdk import dag, task\n"
        "@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1))\n"
        "def good():\n    @task\n    def work():\n        return 1\n    work()\n"
        "good()\n"
    )
    result = make("demo", f"DAGS={tmp_path}")
    assert result.returncode != 0
    assert "broken_dag.py does not import" in result.stdout
    assert "no_such_thing" in result.stdout
    record = json.loads((layout.ROOT / "build" / "demo.json").read_text())
    assert record["ok"] is False
    states = {dag["dag_id"]: dag["state"] for dag in record["dags"]}
    assert states == {"broken_dag.py": "import error", "good": "success"}
    assert owned_processes() == []


def test_demo_of_no_folder_fails_at_once() -> None:
    started = time.monotonic()
    result = make("demo", "DAGS=/no/such/folder")
    assert result.returncode != 0
    assert "/no/such/folder is no folder" in result.stdout
    assert json.loads((layout.ROOT / "build" / "demo.json").read_text())["ok"] is False
    assert time.monotonic() - started < 30


def test_demo_that_upgrades_from_an_unknown_version_fails_at_once() -> None:
    result = make("demo", "UPGRADE_FROM=2.11.0")
    assert result.returncode != 0
    assert "UPGRADE_FROM=2.11.0 is not known here; there are 3.3.1, 3.2.2" in result.stdout


def test_demo_of_no_folder_leaves_a_running_stack_alone() -> None:
    stack = stack_control.start()
    assert make("demo", "DAGS=/no/such/folder").returncode != 0
    assert stack_control.running() == stack


@pytest.mark.parametrize("port", ["abc", "99999"])
def test_what_is_no_port_is_said_plainly(port: str) -> None:
    result = make("up", FARFLOW_AWS_PORT=port)
    assert result.returncode != 0
    assert f"FARFLOW_AWS_PORT={port} is no port" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_demo_leaves_nothing_that_the_next_trips_over(number: signal.Signals) -> None:
    demo = subprocess.Popen(
        [str(layout.environment_python("tools")), "-m", "local", "demo"],
        cwd=layout.ROOT,
        env={**os.environ, "PYTHONPATH": str(layout.ROOT / "layers" / "control_plane")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while stack_control.running() is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    demo.send_signal(number)
    demo.wait(60)
    if number == signal.SIGKILL:
        assert make("down").returncode == 0  # nobody was left to clean up
    assert owned_processes() == []
    stack = stack_control.start()
    assert stack_control.running() == stack


def test_killed_emulator_ends_the_stack() -> None:
    stack_control.start()
    (emulator,) = [process for process in owned_processes() if "local.emulator" in " ".join(process.cmdline())]
    emulator.kill()
    deadline = time.monotonic() + 30
    while owned_processes():
        assert time.monotonic() < deadline, owned_processes()
        time.sleep(0.2)
    assert stack_control.running() is None


def test_killed_supervisor_is_cleaned_up_by_the_next_command() -> None:
    stack = stack_control.start()
    os.kill(stack.supervisor_pid, signal.SIGKILL)
    assert make("down").returncode == 0
    assert owned_processes() == []


def test_status_without_a_stack_says_what_to_do() -> None:
    result = make("status")
    assert result.returncode != 0
    assert "`make up` starts it" in result.stderr


def test_upgrade_of_no_environment_says_what_to_do() -> None:
    result = make("upgrade", ENV="")
    assert result.returncode != 0
    assert "for example ENV=prod" in result.stderr


def test_resume_without_a_stack_says_what_to_do() -> None:
    result = make("resume", ENV="")
    assert result.returncode != 0
    assert "`make up` starts it" in result.stderr


def test_taken_port_is_said_plainly() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = make("up", FARFLOW_AWS_PORT=str(port))
    assert result.returncode != 0
    assert f"port {port} of 127.0.0.1 is taken" in result.stderr
    assert "leave FARFLOW_AWS_PORT unset" in result.stderr
