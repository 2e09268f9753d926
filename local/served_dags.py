"""The DAGs that a deployment serves, fetched from its bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from control_plane import dag_paths
from control_plane.dag_release import DagFile, where_is
from control_plane.dag_releases import THREADS
from local.release_commands import DagsBucket, carry_out

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def fetch(bucket: DagsBucket, folder: Path) -> str | None:
    """Write the served release's files below `folder`. Returns its id; None before one was served. Raises `CommandError`."""
    return carry_out(lambda: _fetch(bucket, folder))


def _fetch(bucket: DagsBucket, folder: Path) -> str | None:
    served = bucket.status().get("served")
    if not served:
        return None
    release = bucket.releases.release(served)
    dag_paths.check((file.path, file.size_bytes) for file in release.files)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(partial(_write, bucket.s3, bucket.name, folder), release.files))
    return release.id


def _write(s3: S3Client, bucket: str, folder: Path, file: DagFile) -> None:
    where: Any = where_is(file)
    path = folder / file.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(s3.get_object(Bucket=bucket, **where)["Body"].read())
