"""Farflow's code in Airflow's processes, run by the interpreter of the Airflow environment."""

import subprocess
from pathlib import Path

from local import layout


def in_airflow(code: str, tmp_path: Path) -> str:
    result = subprocess.run(
        [str(layout.environment_python("airflow")), "-c", code],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(layout.ROOT / "airflow"),
            "TMPDIR": str(tmp_path),
            "AIRFLOW_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


GUARD = """
from unittest.mock import Mock
from kombu.transport import SQS
from farflow import celery_extension
channel = object.__new__({channel})
try:
    print(channel._on_messages_ready(Mock(), "default", []))
except AttributeError as error:
    print("stopped:", error)
"""


def test_failed_poll_is_an_empty_one(tmp_path: Path) -> None:
    """kombu hands on `[]` after a 5xx of SQS."""
    assert in_airflow(GUARD.format(channel="celery_extension.GuardedChannel"), tmp_path) == "0"


def test_kombu_still_needs_the_guard(tmp_path: Path) -> None:
    """When this fails, the pinned kombu has mended it: remove `GuardedChannel`."""
    assert in_airflow(GUARD.format(channel="SQS.Channel"), tmp_path).startswith("stopped:")


def test_worker_gets_the_guard_and_the_health_file(tmp_path: Path) -> None:
    code = """
from types import SimpleNamespace
from kombu.transport.SQS import Transport
from farflow import celery_extension
worker = SimpleNamespace(app=SimpleNamespace(steps={"consumer": set()}))
celery_extension.extend_worker(sender=worker)
print(Transport.Channel.__name__, [step.__name__ for step in worker.app.steps["consumer"]])
"""
    assert in_airflow(code, tmp_path) == "GuardedChannel ['HealthFile']"


EXIT = """
import selectors, subprocess, time, psutil
from airflow.sdk.execution_time import supervisor
from farflow import task_exit
{patch}
task = object.__new__(supervisor.ActivitySubprocess)
task.selector = selectors.DefaultSelector()
task._open_sockets = {{}}
task._exit_code = task._terminal_state = task._process_exit_monotonic = None
task._last_successful_heartbeat = task._last_heartbeat_attempt = time.monotonic()
child = subprocess.Popen(["sleep", "0.3"])
task._process, task.pid = supervisor.PsutilTracker(psutil.Process(child.pid)), child.pid
began = time.monotonic()
task._monitor_subprocess()
print(time.monotonic() - began)
"""


def test_exit_of_a_task_is_noticed_at_once(tmp_path: Path) -> None:
    """Its streams have ended, its process has not yet."""
    seconds = in_airflow(EXIT.format(patch="task_exit.notice_at_once()"), tmp_path).splitlines()[-1]
    assert float(seconds) < 1


def test_airflow_still_sleeps_over_the_exit_of_a_task(tmp_path: Path) -> None:
    """When this fails, the pinned Airflow has mended it: remove `task_exit`."""
    assert float(in_airflow(EXIT.format(patch=""), tmp_path).splitlines()[-1]) > 4


def test_worker_without_a_health_file_is_unhealthy(tmp_path: Path) -> None:
    check = "from farflow import healthcheck; print(healthcheck.main('worker'))"
    assert in_airflow(check, tmp_path).endswith("1")
    (tmp_path / "farflow-worker-healthy").touch()
    assert in_airflow(check, tmp_path).endswith("0")


def test_fernet_key_of_the_template_is_one(tmp_path: Path) -> None:
    """43 letters and digits and the "=" of the settings, expanded by Airflow itself."""
    code = """
import os
os.environ["FERNET_KEY"] = "Ab3" * 14 + "9"
os.environ["AIRFLOW__CORE__FERNET_KEY"] = "${FERNET_KEY}="
from airflow.configuration import conf
from cryptography.fernet import Fernet
fernet = Fernet(conf.get("core", "fernet_key"))
print(fernet.decrypt(fernet.encrypt(b"secret")).decode())
"""
    assert in_airflow(code, tmp_path).endswith("secret")
