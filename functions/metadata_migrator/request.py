"""What an execution is begun for: CloudFormation's request, or a part of an upgrade that an operator asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from control_plane.custom_resource import Request, ResourceError

MOST_DRAIN_MINUTES = 20 * 60
"""An execution's history holds 25,000 events, of which a look makes nine, each minute.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""


@dataclass(frozen=True)
class OperatorRequest:
    """Nobody waits for an answer: whoever asked looks at the execution."""

    kind: Literal["Drain", "Resume"]
    """Let running tasks end before a deployment begins, or start what is stopped."""
    cluster: str
    drain_minutes: int = 0
    """Of a Drain: how long it waits for running tasks."""

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> OperatorRequest:
        """Raises `ResourceError` that says what `event` lacks."""
        properties = event.get("ResourceProperties", {})
        request = cls(event["RequestType"], properties.get("Cluster", ""), int(properties.get("DrainMinutes", 0)))
        if not request.cluster:
            raise ResourceError(f"a {request.kind} needs a Cluster")
        if request.kind == "Drain" and not 1 <= request.drain_minutes <= MOST_DRAIN_MINUTES:
            raise ResourceError(f"a Drain needs DrainMinutes, from 1 to {MOST_DRAIN_MINUTES}")
        return request


def parse_request(event: Mapping[str, Any]) -> Request | OperatorRequest:
    """Raises `ResourceError`, or KeyError when `event` is neither."""
    is_operator_s = event["RequestType"] in ("Drain", "Resume")
    return OperatorRequest.parse(event) if is_operator_s else Request.parse(event)


def execution_name(request: Request) -> str:
    """The same however often CloudFormation's request is delivered."""
    return f"{request.kind.lower()}-{request.request_id}"


def is_of_deployment(execution_arn: str) -> bool:
    """Whether CloudFormation's request began it."""
    return execution_arn.rpartition(":")[2].startswith(("create-", "update-"))
