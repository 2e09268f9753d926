"""`sam build` and `sam deploy` of the real template, onto the local AWS."""

from __future__ import annotations

import json
import os
import platform
import subprocess

from local import aws, layout, postgres, postgres_client, push_gate
from local.errors import LocalStackError
from local.processes import log_tail

LOG = layout.LOGS / "deploy.log"
SAM_CONFIG = str(layout.ROOT / "samconfig.toml")
DATABASE_SECRET = "local-postgres"


class DeployError(LocalStackError):
    """The template could not be built or deployed; the message holds why."""


def sam(*arguments: str, environ: dict[str, str]) -> None:
    """Run SAM's command line, its output in the deployment's log."""
    with LOG.open("ab") as log:
        result = subprocess.run(
            [str(layout.environment_python("tools").parent / "sam"), *arguments],
            cwd=layout.STATE,  # SAM keeps its .aws-sam where it is called
            env={
                **os.environ,
                **environ,
                # SAM builds the layer with the pip of the first python3.13 on PATH.
                "PATH": f"{layout.environment_python('tools').parent}:{os.environ['PATH']}",
                "PIP_CACHE_DIR": str(layout.STATE / "cache" / "pip"),
                # One whose command was killed must not build into the next one's folder.
                layout.MARKER: str(layout.ROOT),
                "SAM_CLI_TELEMETRY": "0",
                "SAM_CLI_POLL_DELAY": "0.5",
                "__SAM_CLI_APP_DIR": str(layout.STATE / "sam"),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if result.returncode != 0:
        raise DeployError(f"sam {arguments[0]} failed:\n{log_tail(LOG, 40)}", service="migration")


def build() -> None:
    """Build the template's functions and layer; what did not change is taken from the cache."""
    sam(
        "build",
        *("--template-file", str(layout.ROOT / "template.yaml"), "--config-file", SAM_CONFIG),
        *("--cached", "--cache-dir", str(layout.STATE / "sam-cache"), "--build-dir", str(layout.SAM_BUILD)),
        *("--parameter-overrides", f"CpuArchitecture={architecture()}"),
        environ={"AWS_DEFAULT_REGION": layout.REGION},
    )


def architecture() -> str:
    """The processor of this machine, as the template's parameter names it."""
    return "ARM64" if platform.machine() in ("arm64", "aarch64") else "X86_64"


def store_database_secret(stack: layout.Stack) -> str:
    """Hand the embedded PostgreSQL over as "a database of your own". Returns the secret's ARN."""
    secret = {
        "host": "127.0.0.1",
        "port": str(stack.postgres_port),
        "dbname": postgres.DATABASE,
        "username": postgres_client.USER,
        "password": postgres.PASSWORD_FILE.read_text(),
    }
    secrets = aws.client(stack, "secretsmanager")
    for known in secrets.list_secrets()["SecretList"]:
        if known["Name"] == DATABASE_SECRET:
            return known["ARN"]
    return secrets.create_secret(Name=DATABASE_SECRET, SecretString=json.dumps(secret))["ARN"]


def register_database_instance(stack: layout.Stack) -> str:
    """Have RDS know the embedded PostgreSQL. Returns the instance's identifier."""
    rds = aws.client(stack, "rds")
    known = {instance["DBInstanceIdentifier"] for instance in rds.describe_db_instances()["DBInstances"]}
    if layout.DATABASE_INSTANCE not in known:
        rds.create_db_instance(
            DBInstanceIdentifier=layout.DATABASE_INSTANCE,
            Engine="postgres",
            DBInstanceClass="db.t4g.small",
            AllocatedStorage=20,
            MasterUsername=postgres_client.USER,
            MasterUserPassword=postgres.PASSWORD_FILE.read_text(),
            Port=stack.postgres_port,
        )
    return layout.DATABASE_INSTANCE


def deploy(stack: layout.Stack, **changes: str) -> None:
    """Deploy what `build` built; `changes` are template parameters other than the local stack's usual ones."""
    layout.EFS.mkdir(parents=True, exist_ok=True)
    overrides = {
        "AirflowImage": layout.AIRFLOW_IMAGE,
        "CpuArchitecture": architecture(),
        "UiAllowedCidr": "127.0.0.0/8",
        "DatabaseSecretArn": store_database_secret(stack),
        "DatabaseInstance": register_database_instance(stack),
        "DatabaseSslMode": "disable",  # the wheel's PostgreSQL is built without TLS
        "FileSystemMountPath": str(layout.EFS),
        "LogRetentionDays": "1",
        "WorkerMinimum": "1",  # what is tried here should not wait for a start
        **push_gate.parameters(stack),
        **changes,
    }
    sam(
        "deploy",
        *("--config-env", "local", "--config-file", SAM_CONFIG),
        *("--template-file", str(layout.SAM_BUILD / "template.yaml")),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in overrides.items())),
        environ=stack.environ,
    )
    push_gate.connect(stack)
