"""What the steps of an upgrade ask of AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Clients:
    """boto3's."""

    dynamodb: Any
    ecs: Any
    ecs_once: Any
    """As `ecs`, without a second attempt at a request."""
    rds: Any
    sns: Any
    sqs: Any
    stepfunctions: Any
