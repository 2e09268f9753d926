"""A real sync, killed again and again while another process reads: nothing half done is ever seen."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from control_plane.dag_releases import Content, DagReleases
from farflow import releases
from local import layout
from tests.integration.local_aws.conftest import LocalAws, running

KILLS = 200
BUCKET = "dags"
FILES = 12


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with running(tmp_path_factory.mktemp("aws")) as local_aws:
        local_aws.client("s3").create_bucket(Bucket=BUCKET)
        yield local_aws


@contextmanager
def process(module: str, *arguments: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    paths = [layout.ROOT / folder for folder in (".", "functions", "layers/control_plane", "airflow")]
    started = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


def contents(number: int) -> list[Content]:
    """A tree of which a third changes with each number."""
    texts = {
        f"team{file % 3}/dag{file}.py": f"{file} {number // 3 if file % 3 else number}" * 50 for file in range(FILES)
    }
    return [
        Content(path, hashlib.sha256(text.encode()).hexdigest(), len(text), False, text.encode)
        for path, text in texts.items()
    ]


def test_killed_syncs_never_show_anything_half_done(aws: LocalAws, tmp_path: Path) -> None:
    """SIGKILL at a moment that chance chooses, of a sync that has something to do; the next completes it."""
    publisher = DagReleases(aws.client("s3"), BUCKET)
    environment = {
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": layout.REGION,
        "DAGS_BUCKET": BUCKET,
        "DAGS_PREFIX": "dags/",
        "FILE_SYSTEM_PATH": str(tmp_path),
        "POWERTOOLS_SERVICE_NAME": "dag_sync",
        "POWERTOOLS_METRICS_NAMESPACE": "Farflow",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    chance = random.Random(20261121)
    with (
        process("tests.integration.delivery.killable_sync", env=environment) as syncs,
        process("tests.integration.delivery.looping_reader", str(tmp_path)) as reader,
    ):
        release = publisher.publish(contents(0), publisher="test").release
        longest = run(syncs, None)[1]
        killed = 0
        for number in range(1, 4 * KILLS):
            release = publisher.publish(contents(number), publisher="test").release
            exit_code, _ = run(syncs, chance.uniform(0, longest))
            killed += exit_code == -signal.SIGKILL
            if killed == KILLS:
                break
        assert killed == KILLS
        exit_code, _ = run(syncs, None)
        assert exit_code == 0
        assert releases.current_release(tmp_path) == release.id
        served = releases.dags_folder(tmp_path, release.id)
        assert {path.relative_to(served).as_posix() for path in served.rglob("*.py")} == {
            content.path for content in contents(0)
        }
        said = reader.communicate(input="end\n", timeout=60)[0].splitlines()
        assert len(said) == 1, said[:10]
        assert int(said[0].split()[1]) > KILLS


def run(syncs: subprocess.Popen[str], kill_after: float | None) -> tuple[int, float]:
    """One sync; its exit code and how long it took, in seconds."""
    assert syncs.stdin and syncs.stdout
    syncs.stdin.write("sync\n")
    syncs.stdin.flush()
    child = int(syncs.stdout.readline())
    began = time.monotonic()
    if kill_after is not None:
        time.sleep(kill_after)
        with suppress(ProcessLookupError):  # it was quicker
            os.kill(child, signal.SIGKILL)
    return int(syncs.stdout.readline()), time.monotonic() - began
