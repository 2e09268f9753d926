"""`make upgrade-check`: tries an upgrade and the way back on a copy of a metadata database, and the DAGs on the new version.

    ENV=prod             a copy of that environment's, made by RDS and tried by a task of the new image beside it;
                         without ENV, of the local stack's
    IMAGE=name:tag       the new image; without it the one of samconfig.toml, else airflow/ is built as a deployment would
    DATABASE_URL=...     instead: a copy of this database on this machine, by pg_dump, which only reads
    FROM=3.2.2           instead: an empty database of that version, on this machine
    TO=3.3.2             the version to try on this machine; without it, the one that this Farflow has
    DAGS=dags            the folder of DAGs that the new version is shown; without it, what the deployment serves, or dags/

The exit status is 1 when the migration fails, when the way back fails, or when a DAG is refused.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import (
    command_line,
    deployed,
    layout,
    metadata_database,
    release_commands,
    served_dags,
    stack_control,
    trial_task,
    upgrade_image,
)
from local.errors import LocalStackError
from local.metadata_database import MetadataDatabase
from local.postgres_client import binaries
from local.restored_copy import restored_copy

LINT_SECONDS = 600.0
VERDICTS = (0, 1)
"""The lint's exit statuses when it has one."""
OF_THE_VERSION = ("AIR301", "AIR302", "AIR303", "FL105", "FL301")
"""Rules that ask whether this Airflow and its Python can work with a DAG at all."""
AUTH_MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


class UpgradeCheckError(LocalStackError):
    """It could not be tried; the message says what to do."""


@dataclass(frozen=True)
class Version:
    """An Airflow that is an environment on disk."""

    number: str
    python: Path

    def environ(self, database: MetadataDatabase) -> dict[str, str]:
        """With which its container would work on that database."""
        return {
            **database.airflow_environ,
            "AIRFLOW__CORE__AUTH_MANAGER": AUTH_MANAGER,
            "DATABASE_HOST": "127.0.0.1",
            "DATABASE_PORT": str(database.port),
            "DATABASE_NAME": metadata_database.DATABASE,
            "DATABASE_USERNAME": metadata_database.USER,
            "DATABASE_PASSWORD": metadata_database.PASSWORD,
            "PATH": f"{self.python.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(layout.ROOT / "airflow"),
        }


def version(number: str) -> Version:
    """Raises `UpgradeCheckError` for one that is not here."""
    present = present_version()
    environments = {present: "airflow", **{former: f"airflow-{former}" for former in layout.FORMER_AIRFLOWS}}
    if number not in environments:
        raise UpgradeCheckError(f"Airflow {number} is not known here; there are {', '.join(environments)}")
    python = layout.environment_python(environments[number])
    if not python.exists():
        raise UpgradeCheckError(f"run `python3 local/environments.py {environments[number]}` first")
    return Version(number, python)


def present_version() -> str:
    """Of the image's own lock."""
    lines = (layout.ROOT / "airflow" / "requirements.txt").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("apache-airflow==")]
    return line.removeprefix("apache-airflow==").rstrip(" \\")


def upgrade_check() -> int:
    """What the environment asks for. The exit status."""
    command_line.end_as_by_control_c()
    return check(os.environ)


def check(environ: Mapping[str, str]) -> int:
    """Try it, and tell. The exit status."""
    sources = [name for name in ("ENV", "DATABASE_URL", "FROM") if environ.get(name)]
    if len(sources) > 1:
        raise UpgradeCheckError(f"say one of {' and '.join(sources)}: each is another database")
    is_on_aws = environ.get("ENV", deployed.HERE) != deployed.HERE
    if environ.get("IMAGE") and (environ.get("DATABASE_URL") or environ.get("FROM")):
        raise UpgradeCheckError(
            "IMAGE is tried beside its database, with ENV; DATABASE_URL and FROM try TO, or this Farflow"
        )
    if environ.get("TO") and is_on_aws:
        raise UpgradeCheckError(
            "with ENV the image is the version to try: say IMAGE, or deploy what samconfig.toml says"
        )
    if (folder := folder_of(environ)) and not folder.is_dir():
        raise UpgradeCheckError(f"DAGS={folder} is no folder")
    to = version(environ.get("TO") or present_version())
    if environ.get("DATABASE_URL") or environ.get("FROM"):
        went_well = try_here(to, environ)
        return int(refuses(to, folder or layout.ROOT / "dags") or not went_well)
    if not environ.get("ENV") and not stack_control.running():
        raise UpgradeCheckError("say ENV=<environment>, DATABASE_URL=<url> or FROM=<version>, or start the local stack")
    went_well = try_there(deployed.find(), environ)
    return int((refuses(to, folder) if folder else refuses_served(to)) or not went_well)


def folder_of(environ: Mapping[str, str]) -> Path | None:
    """The one that DAGS names."""
    return Path(environ["DAGS"]).expanduser().resolve() if environ.get("DAGS") else None


# ---- On this machine ---------------------------------------------------------------------------------


def try_here(to: Version, environ: Mapping[str, str]) -> bool:
    """Whether both ways went well. Raises `UpgradeCheckError`."""
    with tempfile.TemporaryDirectory() as scratch, metadata_database.empty(Path(scratch) / "copy") as copy:
        if url := environ.get("DATABASE_URL"):
            fill(copy, libpq_url(url), Path(scratch) / "metadata.dump")
            command_line.say("copy", "of DATABASE_URL, on this machine")
        else:
            create_schema(copy, version(environ["FROM"]))
            command_line.say("copy", f"none: an empty database of Airflow {environ['FROM']}, on this machine")
        trial = subprocess.run([str(to.python), "-m", "farflow.upgrade_trial"], env=to.environ(copy), check=False)
        return trial.returncode == 0


def libpq_url(url: str) -> str:
    """Also of Airflow's own `sql_alchemy_conn`, which names a driver. Raises `UpgradeCheckError`."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise UpgradeCheckError("DATABASE_URL is to be postgresql://user:password@host:port/name")
    return f"postgresql://{rest}"


def fill(copy: MetadataDatabase, url: str, dump: Path) -> None:
    """With the content of the database at `url`. Raises `UpgradeCheckError`."""
    call([binaries() / "pg_dump", "--format=custom", "--no-owner", "--no-acl", f"--file={dump}", url])
    restore = [binaries() / "pg_restore", "--exit-on-error", "--no-owner", "--no-acl"]
    call([*restore, f"--dbname={copy.url}", dump])


def create_schema(copy: MetadataDatabase, of: Version) -> None:
    """Raises `UpgradeCheckError`."""
    call([of.python, "-m", "airflow", "db", "migrate"], of.environ(copy))


def call(command: list[Any], environ: Mapping[str, str] | None = None) -> None:
    """Raises `UpgradeCheckError` with the program's last words."""
    result = subprocess.run(
        [str(part) for part in command], env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if result.returncode != 0:
        raise UpgradeCheckError(f"{Path(command[0]).name} failed: {result.stderr.strip()[-500:]}")


# ---- Beside the database -----------------------------------------------------------------------------


def try_there(environment: deployed.Deployed, environ: Mapping[str, str]) -> bool:
    """Whether both ways went well. Raises `UpgradeCheckError`, or another of the local stack's errors."""
    image = upgrade_image.find(environment, environ)
    command_line.say("image", image)
    instance = environment.outputs.get("DatabaseInstance")
    if not instance:
        raise UpgradeCheckError(
            f"{environment.stack_name} does not know its RDS instance (its parameter DatabaseInstance): give DATABASE_URL"
        )
    with restored_copy(environment.client("rds"), instance) as endpoint:
        return trial_task.run(environment, image, endpoint)


# ---- DAGs --------------------------------------------------------------------------------------------


def refuses_served(to: Version) -> bool:
    """Show what the deployment serves to the new version."""
    with tempfile.TemporaryDirectory() as folder:
        release = served_dags.fetch(release_commands.dags_bucket(), Path(folder))
        if release is None:
            command_line.say("DAGs", "none are served yet")
            return False
        return refuses(to, Path(folder), f"release {release}")


def refuses(to: Version, folder: Path, name: str = "") -> bool:
    """Show the DAGs to the new version, by the push gate's own lint. What it has against them in any version does not count."""
    result = subprocess.run(
        [sys.executable, "-m", "dag_lint", "--format", "json", "--python", str(to.python), str(folder)],
        env={
            **os.environ,
            "PYTHONPATH": str(layout.ROOT / "layers" / "dag_lint"),
            "XDG_CACHE_HOME": str(layout.STATE / "cache"),
        },
        capture_output=True,
        text=True,
        timeout=LINT_SECONDS,
        check=False,
    )
    if result.returncode not in VERDICTS:
        raise UpgradeCheckError(f"the DAGs could not be linted: {result.stderr.strip()[-500:]}")
    blocking = [each for each in json.loads(result.stdout)["findings"] if each["severity"] == "block"]
    refused = [each for each in blocking if each["rule"] in OF_THE_VERSION]
    command_line.say("DAGs", f"{name or folder} on Airflow {to.number}: {'refused' if refused else 'accepted'}")
    for each in refused:
        path = Path(each["path"])
        where = path.relative_to(folder) if path.is_relative_to(folder) else path
        print(f"  {where}:{each['line']}: {each['rule']} {each['message']}", flush=True)
    if len(blocking) > len(refused):
        print(f"  besides        {len(blocking) - len(refused)} findings of any version: make lint-dags", flush=True)
    return bool(refused)


if __name__ == "__main__":
    sys.exit(command_line.run("local.upgrade_check", {"upgrade-check": upgrade_check}, sys.argv[1:]))
