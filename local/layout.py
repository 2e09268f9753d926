"""Where the local stack keeps things: one ignored folder of the clone, `.farflow/`."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".farflow"

STACK = STATE / "stack"
"""What one run of the stack leaves: wiped by `make up`, kept after `make down` for reading."""

STACK_FILE = STACK / "stack.json"
LOGS = STACK / "logs"
POSTGRES_DATA = STACK / "postgres"
EFS = STACK / "efs"
"""Stands for the EFS file system: one absolute path for Lambda, for containers and for the host."""
CONTAINERS = STACK / "containers"
"""The ephemeral disk of each ECS task's container, and its output."""

SNAPSHOTS = STACK / "snapshots"
"""The local RDS's: a dump of PostgreSQL each."""

GITHUB = STACK / "github"
"""State of the local GitHub."""
GITHUB_REPOSITORY = "farflow/dags"

COLD_STARTS = STACK / "cold-start-seconds.json"
"""How long the tasks of ECS services take to start here, where it should be longer than a process takes."""

IAM_DECISIONS = "iam.jsonl"
"""In the local AWS's folder: what each role was allowed and denied, one JSON object a line."""

SAM_BUILD = STATE / "sam-build"

MARKER = "FARFLOW_STACK"
"""Environment variable that every process of the stack inherits, with the clone's path as value.

It is how a process whose parent was killed is still known for ours.
"""

STACK_NAME = "farflow-local"
REGION = "us-east-1"
DATABASE_INSTANCE = "local-postgres"
"""The embedded PostgreSQL's database, as the local RDS knows it."""
AIRFLOW_REPOSITORY = "000000000000.dkr.ecr.us-east-1.amazonaws.com/farflow/airflow"
"""In the local account's registry, where pulling takes an execution role's rights."""
AIRFLOW_LOCK = ROOT / "airflow" / "requirements.txt"
AIRFLOW_IMAGE = f"{AIRFLOW_REPOSITORY}@sha256:{hashlib.sha256(AIRFLOW_LOCK.read_bytes()).hexdigest()}"
"""By a digest, as the image that CodeBuild makes: of its packages."""
FORMER_AIRFLOWS = ("3.3.1", "3.2.2")
"""Versions of Airflow besides the image's own, to upgrade from and to go back to (requirements/airflow-*.in)."""


def environment_python(name: str) -> Path:
    """The interpreter of one of the clone's environments (see `environments.py`)."""
    return STATE / "env" / name / "bin" / "python"


MISCONFIGURED_IMAGE = f"{AIRFLOW_REPOSITORY}:misconfigured"
"""The present image with a setting with which Airflow does not start, for tests."""


def former_image(version: str) -> str:
    """Farflow's image on one of `FORMER_AIRFLOWS`."""
    return f"{AIRFLOW_REPOSITORY}:{version}"


def image_environments() -> dict[str, str]:
    """By image, the environment on disk that stands for it."""
    return {AIRFLOW_IMAGE: "airflow", **{former_image(version): f"airflow-{version}" for version in FORMER_AIRFLOWS}}


@dataclass(frozen=True)
class Stack:
    """A running local stack: what another process needs to know to talk to it."""

    supervisor_pid: int
    aws_port: int
    postgres_port: int
    github_port: int

    @property
    def github_url(self) -> str:
        return f"http://127.0.0.1:{self.github_port}"

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables that point any AWS SDK or CLI at this stack, and away from any real account."""
        return {
            "AWS_ENDPOINT_URL": self.aws_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def save(self) -> None:
        """Write it for other processes, which see all of it or nothing."""
        unfinished = STACK_FILE.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(self)))
        unfinished.replace(STACK_FILE)

    @classmethod
    def load(cls) -> Stack | None:
        """The stack last started from this clone, or None. It may have died since."""
        try:
            return cls(**json.loads(STACK_FILE.read_text()))
        except FileNotFoundError:
            return None
