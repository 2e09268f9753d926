"""What brings DAG files from S3 to a file system: Farflow's two ways, and the tools that people use instead."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

from benchmarks.slow_file_system import SlowFileSystem
from control_plane.dag_release import Release
from control_plane.dag_releases import DagReleases
from dag_sync.dag_bucket import DagBucket
from dag_sync.delivery import Delivery
from dag_sync.release_store import THREADS, Built, Fetch, ReleaseStore
from local import layout

PREFIX = "dags/"
PARALLEL = 64
"""For tools that have such a flag, where more was no faster."""

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": layout.REGION}


@dataclass(frozen=True)
class Delivered:
    """What it took. Metadata operations (`calls`) are counted for Farflow alone."""

    seconds: float
    """Until all of it was there to read, and known to be."""
    calls: int | None = None
    seconds_after: float = 0.0
    """What is done then, while it is read already: looking for uploads, telling the bucket, laying the next tree."""
    calls_after: int | None = None


class Deliverer(Protocol):
    """One way to deliver: `name` on the page, `kind` for the reader of mixtures."""

    name: str
    kind: str
    folder: Path

    def deliver(self) -> Delivered:
        """Bring what the bucket holds to `folder`."""

    def end(self) -> None:
        """Stop what runs."""


class NotingStore(ReleaseStore):
    """Notes when a release is served and read back, and the calls until then."""

    served: tuple[float, int] | None = None

    def __init__(self, root: Path, files: SlowFileSystem) -> None:
        super().__init__(root, files)
        self._slow = files

    @contextmanager
    def lock(self) -> Iterator[None]:
        self._slow.wait(2)  # its file is opened and locked beside the file system's calls
        with super().lock():
            yield

    def publish(self, release: Release, fetch: Fetch) -> Built:
        built = super().publish(release, fetch)
        self.served = time.perf_counter(), self._slow.counted()
        return built


class Farflow:
    """`dag_sync`'s own modules, in a process that lives on as a warm function does."""

    kind = "releases"

    def __init__(self, name: str, s3_url: str, bucket: str, folder: Path, seconds_per_call: float) -> None:
        self.name = name
        self.folder = folder
        folder.mkdir(parents=True)
        s3 = client(s3_url, max_pool_connections=THREADS)
        self._files = SlowFileSystem(seconds_per_call)
        self._store = NotingStore(folder, self._files)
        self._bucket = DagBucket(s3, bucket, PREFIX)
        self._delivery = Delivery(
            self._bucket, DagReleases(s3, bucket), self._store, lambda: datetime.now(UTC), time.sleep
        )

    def deliver(self) -> Delivered:
        """As the function does."""
        self._files.counted()
        began = time.perf_counter()
        with self._store.lock():
            self._store.served = None
            outcome = self._delivery.run()
            if outcome.held or outcome.refused:
                raise RuntimeError(outcome.reason)
            served_at, calls = self._store.served or (time.perf_counter(), self._files.counted())
            self._store.prepare(self._bucket.fetch)
        return Delivered(served_at - began, calls, time.perf_counter() - served_at, self._files.counted())

    def end(self) -> None:
        pass


class Command:
    """A tool that runs anew each time. Its file system is this machine's, with nothing added."""

    kind = "folder"

    def __init__(self, name: str, folder: Path, command: list[str], environ: dict[str, str]) -> None:
        self.name = name
        self.folder = folder
        folder.mkdir(parents=True)
        self._command = command
        ambient = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._environ = {**ambient, **CREDENTIALS, **environ}

    def deliver(self) -> Delivered:
        began = time.perf_counter()
        result = subprocess.run(self._command, env=self._environ, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{self.name} failed: {result.stdout}{result.stderr}")
        return Delivered(time.perf_counter() - began)

    def end(self) -> None:
        pass


class S3DagBundle:
    """Airflow's, in the one process in which a DAG processor has it. Its file system is this machine's."""

    kind = "folder"
    name = "S3DagBundle"

    def __init__(self, s3_url: str, bucket: str, folder: Path) -> None:
        connection = (
            f'{{"conn_type": "aws", "extra": {{"endpoint_url": "{s3_url}", "region_name": "{layout.REGION}"}}}}'
        )
        environ = {
            **os.environ,
            **CREDENTIALS,
            "AIRFLOW_HOME": str(folder / "home"),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(folder / "bundles"),
            "AIRFLOW_CONN_AWS_DEFAULT": connection,
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        }
        self._process = subprocess.Popen(
            [str(layout.environment_python("airflow")), "-m", "benchmarks.s3_dag_bundle", bucket, PREFIX],
            cwd=layout.ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.folder = Path(self._line())

    def _line(self) -> str:
        if self._process.stdout is None or not (line := self._process.stdout.readline()):
            raise RuntimeError("the S3DagBundle's process ended")
        return line.strip()

    def deliver(self) -> Delivered:
        if self._process.stdin is None:
            raise RuntimeError("it has no input")
        self._process.stdin.write("refresh\n")
        self._process.stdin.flush()
        return Delivered(float(self._line()))

    def end(self) -> None:
        self._process.communicate()


def client(s3_url: str, **options: Any) -> Any:
    """A client of the endpoint at `s3_url`."""
    return boto3.client(
        "s3",
        endpoint_url=s3_url,
        region_name=layout.REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the local AWS's
        config=Config(**options),
    )


def rivals(s3_url: str, bucket: str, folder: Path) -> list[Deliverer]:
    """Each at the flags that were the fastest here; rclone only where it is installed."""
    bin_folder = layout.environment_python("rivals").parent
    config = folder / "aws.config"
    folder.mkdir(parents=True)
    config.write_text(f"[default]\ns3 =\n  max_concurrent_requests = {PARALLEL}\n  max_queue_size = 10000\n")
    source = f"s3://{bucket}/{PREFIX}"
    aws, s5cmd, rclone = folder / "aws", folder / "s5cmd", folder / "rclone"
    found: list[Deliverer] = [
        Command(
            "aws s3 sync",
            aws,
            [
                *(str(bin_folder / "aws"), "--endpoint-url", s3_url, "s3", "sync", source, str(aws)),
                *("--delete", "--exact-timestamps", "--only-show-errors"),
            ],
            {"AWS_CONFIG_FILE": str(config)},
        ),
        Command(
            "s5cmd sync",
            s5cmd,
            [
                *(str(bin_folder / "s5cmd"), "--endpoint-url", s3_url, "--numworkers", "256", "--log", "error"),
                *("sync", "--delete", f"{source}*", f"{s5cmd}/"),
            ],
            {"S3_ENDPOINT_URL": s3_url},
        ),
        S3DagBundle(s3_url, bucket, folder / "bundle"),
    ]
    installed = shutil.which("rclone")
    if installed:
        remote = f":s3,provider=Other,env_auth=true,endpoint='{s3_url}',region={layout.REGION}:{bucket}/{PREFIX}"
        command = Command(
            "rclone sync",
            rclone,
            [
                *(installed, "sync", remote, str(rclone), "--transfers", str(PARALLEL), "--checkers", str(PARALLEL)),
                *("--fast-list", "--use-server-modtime", "--config", ""),
            ],
            {},
        )
        found.insert(2, command)
    return found
