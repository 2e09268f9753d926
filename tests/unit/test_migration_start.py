"""What the start of a migration's task makes of ECS's answers, to each attempt of boto3: `metadata_migrator.ecs_task`."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from metadata_migrator import ecs_task
from metadata_migrator.ecs_task import NotStartedError, Place

STARTED = (200, {"tasks": [{"taskArn": "arn:task"}], "failures": []})
NO_CAPACITY = (200, {"tasks": [], "failures": [{"reason": "RESOURCE:ENI"}]})
NO_IMAGE = (400, {"__type": "ClientException", "message": "no such image"})
THROTTLED = (400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
AWAY = (500, {"__type": "ServerException", "message": "away"})
NOBODY = None
"""The connection is closed without an answer."""


def start(*answers: tuple[int, Any] | None) -> str:
    """One after the other, as many attempts as there are answers."""
    ecs = boto3.client(
        "ecs",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": len(answers)}),
    )
    left = iter(answers)

    def answer(request: Any, **_: Any) -> AWSResponse:
        given = next(left)
        if given is NOBODY:
            raise ConnectionClosedError(endpoint_url=request.url)
        status, content = given
        body = io.BytesIO(json.dumps(content).encode())
        body.stream = lambda **_: iter([body.read()])  # type: ignore[attr-defined]
        return AWSResponse(request.url, status, {}, body)

    ecs.meta.events.register("before-send.ecs.RunTask", answer)
    return ecs_task.start(ecs, Place("cluster", ("subnet",), ("group",)), "airflow", ["prepare"], {}, "token")


@pytest.mark.parametrize("answers", [(STARTED,), (AWAY, STARTED), (NOBODY, STARTED)])
def test_task_that_was_started_is_told(answers: tuple[Any, ...]) -> None:
    assert start(*answers) == "arn:task"


@pytest.mark.parametrize(
    ("answers", "is_refused"),
    [
        ((NO_CAPACITY,), True),
        ((NO_IMAGE,), True),
        ((THROTTLED,), True),
        ((AWAY,), False),
        ((NOBODY,), False),
        ((AWAY, THROTTLED), False),
        ((NOBODY, THROTTLED), False),
        ((NOBODY, NO_IMAGE), False),
    ],
)
def test_task_is_known_not_to_run_by_the_first_answer_alone(answers: tuple[Any, ...], *, is_refused: bool) -> None:
    """An attempt before a refusal may have started it."""
    with pytest.raises(NotStartedError) as caught:
        start(*answers)
    assert caught.value.is_refused is is_refused
