"""CloudFormation's custom resource protocol: a request comes in, exactly one answer goes out.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from control_plane.observability import logger

ANSWER_BYTES = 4096
"""As many as an answer may have: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html"""

ESCAPED_CHARACTER_BYTES = 12
"""The most that JSON makes of one character."""

ANSWER_SECONDS = 10


@dataclass(frozen=True)
class Request:
    """What CloudFormation asks of a custom resource. `properties` hold strings and lists, never numbers."""

    kind: Literal["Create", "Update", "Delete"]
    request_id: str
    stack_id: str
    logical_resource_id: str
    physical_resource_id: str | None
    response_url: str
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any] = field(default_factory=dict)
    """Of an Update: what was asked before."""

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Request:
        """Raises KeyError when `event` is no custom resource request."""
        return cls(
            kind=event["RequestType"],
            request_id=event["RequestId"],
            stack_id=event["StackId"],
            logical_resource_id=event["LogicalResourceId"],
            physical_resource_id=event.get("PhysicalResourceId"),
            response_url=event["ResponseURL"],
            properties=event.get("ResourceProperties", {}),
            old_properties=event.get("OldResourceProperties", {}),
        )


class ResourceError(Exception):
    """The resource cannot be brought to what was asked; the message is for whoever deploys the stack."""


@dataclass(frozen=True)
class Result:
    """What a request led to. Another `physical_resource_id` than before means a replacement."""

    physical_resource_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


Put = Callable[[str, bytes], None]


def answer(request: Request, act: Callable[[Request], Result | None], put: Put | None = None) -> None:
    """Do `act` and tell CloudFormation how it went; a stack that hears nothing waits for an hour.

    Where `act` returns None it has seen to a later invocation that will answer.
    Every exception becomes a FAILED answer: this is the edge where a failure is handed to whoever asked.
    A failed *delete* keeps the resource's id, so that CloudFormation can ask again.
    """
    try:
        result = act(request)
        if result is None:
            return
        outcome: dict[str, Any] = {
            "Status": "SUCCESS",
            "PhysicalResourceId": result.physical_resource_id,
            "Data": dict(result.attributes),
        }
    except Exception as error:  # noqa: BLE001
        logger.exception("custom resource failed", extra={"request_type": request.kind})
        reason = str(error) if isinstance(error, ResourceError) else f"{type(error).__name__}: {error}"
        outcome = {
            "Status": "FAILED",
            "Reason": reason,
            "PhysicalResourceId": request.physical_resource_id or request.request_id,
        }
    body = {
        **outcome,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_resource_id,
    }
    while (excess := len(json.dumps(body)) - ANSWER_BYTES) > 0 and body.get("Reason"):
        body["Reason"] = body["Reason"][: -max(1, excess // ESCAPED_CHARACTER_BYTES)]
    (put or put_answer)(request.response_url, json.dumps(body).encode())


def put_answer(url: str, body: bytes) -> None:
    """PUT to the presigned URL. It is signed without a Content-Type, so none may be sent."""
    http_request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    urllib.request.urlopen(http_request, timeout=ANSWER_SECONDS).close()
