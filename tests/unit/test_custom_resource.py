"""CloudFormation's custom resource protocol: `control_plane.custom_resource`."""

import json

import pytest

from control_plane import custom_resource
from control_plane.custom_resource import Request, ResourceError, Result

EVENT = {
    "RequestType": "Update",
    "RequestId": "5a1c",
    "ResponseURL": "https://answers.invalid/signed",
    "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1",
    "LogicalResourceId": "MetadataMigration",
    "PhysicalResourceId": "metadata-migration",
    "ResourceType": "Custom::MetadataMigration",
    "ResourceProperties": {"ServiceToken": "arn:x", "Cluster": "c"},
    "OldResourceProperties": {},
}


class Answers:
    """Takes the place of the presigned URL."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []

    def put(self, url: str, body: bytes) -> None:
        assert url == EVENT["ResponseURL"]
        self.bodies.append(json.loads(body))


def answered(act: custom_resource.Callable[[Request], Result], **changes: object) -> dict[str, object]:
    answers = Answers()
    custom_resource.answer(Request.parse({**EVENT, **changes}), act, answers.put)
    (body,) = answers.bodies
    return body


def test_success_is_answered_with_what_the_request_named() -> None:
    body = answered(lambda _: Result("metadata-migration", {"Version": "3.3.2"}))
    assert body == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "metadata-migration",
        "Data": {"Version": "3.3.2"},
        "StackId": EVENT["StackId"],
        "RequestId": EVENT["RequestId"],
        "LogicalResourceId": EVENT["LogicalResourceId"],
    }


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ResourceError("the migration failed"), "the migration failed"), (KeyError("x"), "KeyError: 'x'")],
)
def test_any_error_is_answered_as_failure(error: Exception, reason: str) -> None:
    def act(_: Request) -> Result:
        raise error

    body = answered(act)
    assert body["Status"] == "FAILED"
    assert body["Reason"] == reason
    assert body["PhysicalResourceId"] == "metadata-migration", "another id would make CloudFormation delete the old one"


def test_failed_create_has_an_id_all_the_same() -> None:
    def act(_: Request) -> Result:
        raise ResourceError("no")

    answers = Answers()
    event = {key: value for key, value in EVENT.items() if key != "PhysicalResourceId"}
    custom_resource.answer(Request.parse({**event, "RequestType": "Create"}), act, answers.put)
    assert answers.bodies[0]["PhysicalResourceId"] == "5a1c"


def test_long_reason_fits_the_answer() -> None:
    def act(_: Request) -> Result:
        raise ResourceError("\U0001f4a5" * 10_000)

    assert 4000 < len(json.dumps(answered(act))) <= 4096


def test_nothing_is_answered_when_a_later_invocation_will() -> None:
    answers = Answers()
    custom_resource.answer(Request.parse(EVENT), lambda _: None, answers.put)
    assert answers.bodies == []
