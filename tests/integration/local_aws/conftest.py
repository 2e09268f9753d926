"""The local AWS without Airflow, twice: with Farflow's additions, and plain.

A test that takes `local_aws` states how AWS behaves. It runs against both: with the additions it must pass, on
the plain emulator it must fail. When it passes there too, the emulator has learnt the behaviour, the strict
`xfail` turns red, and the addition can go.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from local import layout
from local.stack_control import choose_port
from tests import waiting

READY_SECONDS = 30.0
MINUTE_SECONDS = 0.5
"""How long a minute of CloudWatch lasts in these tests: alarms' periods, service metrics, Firehose's buffers."""


@dataclass(frozen=True)
class LocalAws:
    """A running local AWS."""

    url: str
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "aws.log").read_text(errors="replace")

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client as the account's root, or with the credentials in `options`."""
        defaults = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": layout.REGION}
        return boto3.client(service, endpoint_url=self.url, **{**defaults, **options})

    def end(self, emulator: subprocess.Popen[bytes]) -> None:
        """End it, and the processes of its ECS tasks and functions."""
        emulator.kill()
        emulator.wait()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                if process.environ().get("AWS_ENDPOINT_URL") == self.url and process.pid != psutil.Process().pid:
                    process.kill()


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[LocalAws]:
    port = choose_port("FARFLOW_TEST_AWS_PORT")
    aws = LocalAws(f"http://127.0.0.1:{port}", folder)
    with (folder / "aws.log").open("wb") as log:
        emulator = subprocess.Popen(
            [str(layout.environment_python("emulator")), "-m", "local.emulator", str(port), str(folder), *options],
            cwd=layout.ROOT,
            env={**os.environ, "FARFLOW_CLOUDWATCH_MINUTE_SECONDS": str(MINUTE_SECONDS)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            assert emulator.poll() is None, f"the local AWS ended while starting:\n{aws.log}"
            assert time.monotonic() < deadline, f"the local AWS does not answer:\n{aws.log}"
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(f"{aws.url}/_ministack/health", timeout=2).close()
                break
            time.sleep(0.05)
        yield aws
    finally:
        aws.end(emulator)


@pytest.fixture(scope="package")
def with_additions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with running(tmp_path_factory.mktemp("local-aws")) as aws:
        yield aws


@pytest.fixture(scope="package")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with running(tmp_path_factory.mktemp("plain-aws"), "--plain") as aws:
        yield aws


LEARNT = "the emulator has learnt this: remove the addition"


@pytest.fixture(
    params=["with_additions", pytest.param("plain", marks=pytest.mark.xfail(strict=True, reason=LEARNT))],
)
def local_aws(request: pytest.FixtureRequest) -> LocalAws:
    """With the additions the test must pass; without them it must fail."""
    aws: LocalAws = request.getfixturevalue(request.param)
    return aws


@pytest.fixture
def eventually(local_aws: LocalAws) -> Callable[..., Any]:
    """Look until there is something true to see, within `seconds`."""

    return partial(waiting.eventually, pause_seconds=0.05, context=lambda: local_aws.log[-2000:])
