"""A folder of DAG files: uploading it, and telling when Airflow has read it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control_plane.dag_releases import CONFIRMATION_KEY, STATUS_KEY
from local import aws, layout
from local.airflow_api import AirflowApi
from local.errors import LocalStackError

PREFIX = "dags/"
POLL_SECONDS = 0.5
SERVED_SECONDS = 60.0
QUIET_SECONDS = 60.0
"""So long without anything new, and the files that said nothing have no DAG to say: Airflow gives up a file after 50."""


class DagFolderError(LocalStackError):
    """The folder cannot be used; the message says what to do."""


def files(folder: Path) -> list[Path]:
    """Every file that belongs to the DAGs, without what editors and Python leave beside them.

    Raises `DagFolderError` when there is no such folder or no Python file in it.
    """
    if not folder.is_dir():
        raise DagFolderError(f"DAGS={folder} is no folder")
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_litter(path.relative_to(folder)))
    if not any(path.suffix == ".py" for path in found):
        raise DagFolderError(f"DAGS={folder} holds no Python file")
    return found


def refuse_links(folder: Path) -> None:
    """Raise `DagFolderError` where a link lies among the files: a release holds files alone."""
    links = [path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink()]
    named = sorted(str(link) for link in links if not _is_litter(link))
    if named:
        raise DagFolderError(f"these are symbolic links, which a release cannot hold: {', '.join(named)}")


def _is_litter(relative: Path) -> bool:
    return relative.suffix == ".pyc" or any(
        part == "__pycache__" or (part.startswith(".") and part != ".airflowignore") for part in relative.parts
    )


def upload(stack: layout.Stack, folder: Path) -> int:
    """Make the bucket's DAGs those of `folder`, as `aws s3 sync --delete` does; return how many files there are.

    They are served when this returns, also when they take most of the former ones away: here that is meant.
    """
    s3, bucket = aws.client(stack, "s3"), aws.outputs(stack)["DagsBucketName"]
    wanted = {f"{PREFIX}{path.relative_to(folder).as_posix()}": path for path in files(folder)}
    before = status(s3, bucket).get("served")
    for key in _keys(s3, bucket):
        if key not in wanted:
            s3.delete_object(Bucket=bucket, Key=key)
    for key, path in wanted.items():
        s3.upload_file(str(path), bucket, key)
    _await_served(s3, bucket, before)
    return len(wanted)


def _await_served(s3: Any, bucket: str, before: str | None) -> None:
    deadline = time.monotonic() + SERVED_SECONDS
    while (told := status(s3, bucket)).get("served") == before:
        if time.monotonic() > deadline:
            why = told.get("refused") or "look at its log"
            raise DagFolderError(f"after {SERVED_SECONDS:.0f} s dag_sync does not serve them: {why}")
        if told.get("held_release"):
            confirmation = json.dumps({"release": told["held_release"]})
            s3.put_object(Bucket=bucket, Key=CONFIRMATION_KEY, Body=confirmation.encode())
        time.sleep(POLL_SECONDS)


def status(s3: Any, bucket: str) -> dict[str, Any]:
    """What `dag_sync` says that it serves, holds and refuses; empty before it said anything."""
    try:
        found: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=STATUS_KEY)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return {}
    return found


def _keys(s3: Any, bucket: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX):
        for item in page.get("Contents", []):
            yield item["Key"]


@dataclass(frozen=True)
class Parsed:
    """What Airflow made of the files. `import_errors` by file; `silent` files have neither DAG nor error."""

    dag_ids: list[str]
    import_errors: dict[str, str]
    silent: list[str]


def await_parsed(api: AirflowApi, folder: Path, seconds: float) -> Parsed:
    """Wait until every file that looks like a DAG's is a DAG or an import error.

    A file looks like one when it mentions "dag" and "airflow", Airflow's own rule of thumb; one that makes none
    all the same (a module of helpers) is given up after a quiet time. Raises `DagFolderError` after `seconds`.
    """
    expected = {
        path.relative_to(folder).as_posix() for path in files(folder) if path.suffix == ".py" and _may_hold_dag(path)
    }
    deadline = time.monotonic() + seconds
    last_count, last_change = -1, time.monotonic()
    while True:
        dags = {dag["dag_id"]: dag["relative_fileloc"] for dag in api.pages("dags", "dags") if not dag["is_stale"]}
        errors = {error["filename"]: error["stack_trace"] for error in api.pages("importErrors", "import_errors")}
        silent = expected - set(dags.values()) - set(errors)
        now = time.monotonic()
        if len(dags) + len(errors) != last_count:
            last_count, last_change = len(dags) + len(errors), now
        if not silent or (last_count > 0 and now - last_change > QUIET_SECONDS):
            return Parsed(sorted(dags), errors, sorted(silent))
        if now > deadline:
            raise DagFolderError(
                f"after {seconds:.0f} s Airflow has not read {', '.join(sorted(silent))}", service="dag-processor"
            )
        time.sleep(POLL_SECONDS)


def _may_hold_dag(path: Path) -> bool:
    content = path.read_bytes().lower()
    return b"dag" in content and b"airflow" in content
