"""What is deployed in the environment ENV of samconfig.toml; without ENV, on this machine's stack."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from local import aws, layout, stack_control
from local.errors import LocalStackError

HERE = "local"


class NotFoundError(LocalStackError):
    """The environment is not known, or not deployed."""


@dataclass(frozen=True)
class Deployed:
    """One deployment."""

    stack_name: str
    client: Callable[..., Any]
    """Makes boto3's client of a service."""
    outputs: dict[str, str]


def find() -> Deployed:
    """The one that ENV names. Raises `NotFoundError`."""
    environment = os.environ.get("ENV") or HERE
    if environment == HERE:
        stack = stack_control.require()
        return Deployed(layout.STACK_NAME, lambda service: aws.client(stack, service), aws.outputs(stack))
    parameters = samconfig(environment)
    try:
        session = boto3.Session(region_name=parameters.get("region"))
        stacks = session.client("cloudformation").describe_stacks(StackName=parameters["stack_name"])["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
    except NoRegionError:
        raise NotFoundError(
            f'no region is known: add region = "eu-west-1", or yours, to [{environment}.deploy.parameters] in samconfig.toml,'
            " or set AWS_DEFAULT_REGION"
        ) from None
    except NoCredentialsError:
        raise NotFoundError("no AWS credentials are known: set AWS_PROFILE, or see `aws configure`") from None
    except (BotoCoreError, ClientError, KeyError) as error:
        raise NotFoundError(f"the stack of {environment} could not be found: {error!r}") from error
    return Deployed(parameters["stack_name"], session.client, outputs)


def samconfig(environment: str) -> dict[str, Any]:
    """The parameters with which that environment is deployed. Raises `NotFoundError`."""
    config = tomllib.loads((layout.ROOT / "samconfig.toml").read_text())
    try:
        parameters: dict[str, Any] = config[environment]["deploy"]["parameters"]
    except KeyError:
        known = ", ".join(name for name in config if name not in ("version", "default"))
        raise NotFoundError(f"samconfig.toml has no environment ENV={environment}; there are {known}") from None
    return parameters
