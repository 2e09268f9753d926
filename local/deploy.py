"""`sam build` and `sam deploy` of the real template, onto the local AWS."""

from __future__ import annotations

import json
import os
import platform
import subprocess

import boto3

from local import layout, postgres
from local.processes import log_tail

LOG = layout.LOGS / "deploy.log"


class DeployError(Exception):
    """The template could not be built or deployed; the message holds why."""


def sam(*arguments: str, environ: dict[str, str]) -> None:
    """Run SAM's command line, its output in the deployment's log."""
    with LOG.open("ab") as log:
        result = subprocess.run(
            [str(layout.environment_python("tools").parent / "sam"), *arguments],
            cwd=layout.ROOT,
            env={
                **os.environ,
                **environ,
                # SAM builds the layer with the pip of the first python3.13 on PATH.
                "PATH": f"{layout.environment_python('tools').parent}:{os.environ['PATH']}",
                "SAM_CLI_TELEMETRY": "0",
                "__SAM_CLI_APP_DIR": str(layout.STATE / "sam"),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if result.returncode != 0:
        raise DeployError(f"sam {arguments[0]} failed:\n{log_tail(LOG, 40)}")


def build() -> None:
    """Build the template's functions and layer; what did not change is taken from the cache."""
    sam(
        "build",
        *("--cached", "--cache-dir", str(layout.STATE / "sam-cache"), "--build-dir", str(layout.SAM_BUILD)),
        *("--parameter-overrides", f"CpuArchitecture={architecture()}"),
        environ={"AWS_DEFAULT_REGION": layout.REGION},
    )


def architecture() -> str:
    """This machine's processor as the template's parameter names it."""
    return "ARM64" if platform.machine() in ("arm64", "aarch64") else "X86_64"


def store_database_secret(stack: layout.Stack) -> str:
    """Hand the embedded PostgreSQL over as "a database of your own". Returns the secret's ARN."""
    secrets = boto3.client("secretsmanager", **client_options(stack))
    secret = {
        "host": "127.0.0.1",
        "port": str(stack.postgres_port),
        "dbname": postgres.DATABASE,
        "username": postgres.USER,
        "password": postgres.PASSWORD_FILE.read_text(),
    }
    answer = secrets.create_secret(Name="local-postgres", SecretString=json.dumps(secret))
    return answer["ARN"]


def client_options(stack: layout.Stack) -> dict[str, str]:
    """What makes a boto3 client one of this stack's."""
    return {
        "endpoint_url": stack.aws_url,
        "region_name": layout.REGION,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }


def deploy(stack: layout.Stack) -> dict[str, str]:
    """Deploy what `build` built; return the stack's outputs."""
    layout.EFS.mkdir(parents=True, exist_ok=True)
    overrides = {
        "AirflowImage": layout.AIRFLOW_IMAGE,
        "CpuArchitecture": architecture(),
        "UiAllowedCidr": "127.0.0.0/8",
        "DatabaseSecretArn": store_database_secret(stack),
        "DatabaseSslMode": "disable",  # the wheel's PostgreSQL is built without TLS
        "FileSystemMountPath": str(layout.EFS),
        "LogRetentionDays": "1",
    }
    sam(
        "deploy",
        *("--config-env", "local", "--config-file", str(layout.ROOT / "samconfig.toml")),
        *("--template-file", str(layout.SAM_BUILD / "template.yaml")),
        *("--parameter-overrides", *(f"{name}={value}" for name, value in overrides.items())),
        environ=stack.environ,
    )
    return outputs(stack)


def outputs(stack: layout.Stack) -> dict[str, str]:
    """The deployed stack's outputs by name. Raises `DeployError` when it is not deployed."""
    cloudformation = boto3.client("cloudformation", **client_options(stack))
    stacks = cloudformation.describe_stacks(StackName=layout.STACK_NAME)["Stacks"]
    if not stacks or not stacks[0]["StackStatus"].endswith("_COMPLETE"):
        raise DeployError(f"the stack {layout.STACK_NAME} is not deployed")
    return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
