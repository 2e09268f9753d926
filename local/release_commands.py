"""`make publish`, `releases`, `rollback` and `confirm`: releases of DAGs, here or in an environment of samconfig.toml.

`python -m local.release_commands COMMAND`, with the layer's `control_plane` on the path.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from control_plane.dag_paths import RefusedFilesError
from control_plane.dag_release import ManifestError, Release
from control_plane.dag_releases import CONFIRMATION_KEY, Content, DagReleases, Published, ReleaseError
from local import command_line, dag_folder, deployed, layout
from local.errors import LocalStackError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SHOWN = 20
SERVED_SECONDS = 60.0


class CommandError(LocalStackError):
    """The command cannot be carried out; the message says what to do."""


@dataclass(frozen=True)
class DagsBucket:
    """Where an environment's releases are."""

    s3: S3Client
    name: str

    @property
    def releases(self) -> DagReleases:
        return DagReleases(self.s3, self.name)

    def status(self) -> dict[str, Any]:
        """What `dag_sync` last said; empty before it said anything."""
        return dag_folder.status(self.s3, self.name)


def publish() -> int:
    """Make the folder DAGS the newest release of ENV. CONFIRM=yes lets it remove most of what is served."""
    folder = Path(os.environ.get("DAGS") or layout.ROOT / "dags").resolve()
    bucket = dags_bucket()
    published = carry_out(
        lambda: bucket.releases.publish(
            contents_of(folder), publisher=publisher(), commit=commit_of(folder), confirmed=confirmed()
        )
    )
    return report(bucket, published)


def rollback() -> int:
    """Publish the files of RELEASE anew."""
    release_id, bucket = wanted_release(), dags_bucket()
    return report(bucket, carry_out(lambda: bucket.releases.rollback(release_id, publisher(), confirmed=confirmed())))


def confirm() -> int:
    """Let RELEASE be served though it removes most of the files."""
    bucket = dags_bucket()
    release = carry_out(lambda: bucket.releases.release(wanted_release()))
    bucket.s3.put_object(Bucket=bucket.name, Key=CONFIRMATION_KEY, Body=json.dumps({"release": release.id}).encode())
    return await_served(bucket, release, held_is_an_answer=False)


def show() -> int:
    """List the newest releases of ENV."""
    bucket = dags_bucket()
    status = carry_out(bucket.status)
    for kind in ("held", "refused"):
        if status.get(kind):
            print(f"{kind}: {status[kind]}\n")
    carry_out(lambda: list_releases(bucket, status))
    return 0


def list_releases(bucket: DagsBucket, status: dict[str, Any]) -> None:
    """The newest first. Raises `ManifestError` at one that is damaged, when those before it are listed."""
    print(f"{'release':<26} {'published':<17} {'files':>6}  {'by':<16} {'commit':<9} ")
    for number, release in enumerate(bucket.releases.history()):
        if number == SHOWN:
            print("…")
            break
        when = release.published_at.astimezone().strftime("%Y-%m-%d %H:%M")
        notes = [
            *(["served"] if release.id == status.get("served") else []),
            *([f"brought back {release.rollback_of}"] if release.rollback_of else []),
        ]
        commit = (release.commit or "")[:8]
        print(
            f"{release.id:<26} {when:<17} {len(release.files):>6}  {release.publisher:<16} {commit:<9} {', '.join(notes)}"
        )


# ---- what the commands are made of ------------------------------------------------------------------


def dags_bucket() -> DagsBucket:
    """The DAG bucket of the environment ENV, this machine's stack by default."""
    environment = deployed.find()
    try:
        return DagsBucket(environment.client("s3"), environment.outputs["DagsBucketName"])
    except KeyError:
        raise CommandError(f"stack {environment.stack_name} names no DAG bucket: is it Farflow's?") from None


def contents_of(folder: Path) -> list[Content]:
    """The folder's files. Raises `DagFolderError` naming symbolic links: a release has none."""
    paths = dag_folder.files(folder)
    dag_folder.refuse_links(folder)
    return [_content(path, path.relative_to(folder).as_posix()) for path in paths]


def _content(path: Path, relative: str) -> Content:
    body = path.read_bytes()
    executable = bool(path.stat().st_mode & 0o100)
    return Content(relative, hashlib.sha256(body).hexdigest(), len(body), executable, lambda: body)


def commit_of(folder: Path) -> str | None:
    """The commit that the folder is exactly at, None when it has changes of its own or is in no repository."""
    changes, known = _git(folder, "status", "--porcelain", "--", "."), _git(folder, "ls-files", "-z", "--", ".")
    files = {path.relative_to(folder).as_posix() for path in dag_folder.files(folder)}
    is_at_it = changes == "" and known is not None and files <= set(known.split("\0"))
    return _git(folder, "rev-parse", "HEAD") if is_at_it else None


def _git(folder: Path, *arguments: str) -> str | None:
    result = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else None


def publisher() -> str:
    """Who says to have published it."""
    return getpass.getuser()


def confirmed() -> bool:
    """CONFIRM=yes, and nothing else."""
    return os.environ.get("CONFIRM") == "yes"


def wanted_release() -> str:
    """The id in RELEASE."""
    release_id = os.environ.get("RELEASE", "")
    if not release_id:
        raise CommandError("say which release: RELEASE=<id>, from `make releases`")
    return release_id


def carry_out[Result](work: Callable[[], Result]) -> Result:
    """What `work` returns. Raises `CommandError` for what the user can mend."""
    try:
        return work()
    except (ReleaseError, RefusedFilesError, ManifestError, ClientError, BotoCoreError) as error:
        raise CommandError(str(error)) from error


def report(bucket: DagsBucket, published: Published) -> int:
    """What was published, and whether it is served."""
    release = published.release
    if published.changed:
        size = f"{published.objects_written} uploaded, {published.bytes_written:,} bytes"
        print(f"published {release.id}: {len(release.files)} files, {size}")
    else:
        print(f"{release.id} holds these very files already")
    return await_served(bucket, release)


def await_served(bucket: DagsBucket, release: Release, *, held_is_an_answer: bool = True) -> int:
    """Wait for `dag_sync` to say that the release is served, or why not. What was just confirmed is told as held until then."""
    began = time.monotonic()
    while time.monotonic() - began < SERVED_SECONDS:
        status = bucket.status()
        if status.get("sequence", 0) >= release.sequence:
            print(f"served after {time.monotonic() - began:.1f} s")
            return 0
        if held_is_an_answer and status.get("held_release") == release.id:
            print(f"not served: {status['held']}\nIf that is meant: make confirm RELEASE={release.id}")
            return 1
        if release.id in (status.get("refused") or ""):
            print(f"not served: {status['refused']}")
            return 1
        time.sleep(0.25)
    print(f"not served within {SERVED_SECONDS:.0f} s: look at dag_sync's log and alarms")
    return 1


COMMANDS: dict[str, Callable[[], int]] = {
    "publish": publish,
    "releases": show,
    "rollback": rollback,
    "confirm": confirm,
}


if __name__ == "__main__":
    sys.exit(command_line.run("local.release_commands", COMMANDS, sys.argv[1:]))
