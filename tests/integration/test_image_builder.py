"""`image_builder`'s real handler; AWS by botocore's stubber, which checks every parameter against the service model."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.stub import ANY, Stubber

from image_builder.image_source import image_tag
from tests.integration.custom_resources import AnswerServer, Context, answer_server, load_handler

REPOSITORY_URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com/farflow-repository"
SOURCE = "arn:aws:lambda:us-east-1:123456789012:layer:farflow-airflow-source:7"
BUILD = "farflow-image:01234567-89ab-cdef-0123-456789abcdef"
DIGEST = f"sha256:{'a' * 64}"
ONE_BUILD = {"ids": [BUILD]}
LINK = "https://console.aws.amazon.com/cloudwatch/home#logEvent:group=g;stream=s"


def archive() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as folder:
        folder.writestr("Dockerfile", "FROM base\n")
    return written.getvalue()


TAG = image_tag(archive(), "ARM64", "")
FIND = {"repositoryName": "farflow-repository", "imageIds": [{"imageTag": TAG}]}


def a_build(status: str, **more: Any) -> dict[str, Any]:
    return {"id": BUILD, "buildStatus": status, **more}


def variables(**values: str) -> dict[str, Any]:
    return {
        "type": "ARM_CONTAINER",
        "image": "i",
        "computeType": "BUILD_GENERAL1_SMALL",
        "environmentVariables": [{"name": name, "value": value} for name, value in values.items()],
    }


class Aws:
    """The handler's clients, stubbed: what is expected, in its order per service."""

    def __init__(self, handler: ModuleType, answers: AnswerServer) -> None:
        self.ecr = Stubber(handler.ecr)
        self.codebuild = Stubber(handler.codebuild)
        self.lambda_ = Stubber(handler.lambda_)
        self.logs = Stubber(handler.logs)
        self.all = (self.ecr, self.codebuild, self.lambda_, self.logs)
        answers.files["/source.zip"] = archive()
        self._location = f"{answers.origin}/source.zip"

    def source_is_fetched(self) -> None:
        self.lambda_.add_response(
            "get_layer_version_by_arn", {"Content": {"Location": self._location}}, {"Arn": SOURCE}
        )

    def image_is_missing(self) -> None:
        self.ecr.add_client_error("describe_images", "ImageNotFoundException", "no", expected_params=FIND)

    def image_is_there(self) -> None:
        self.ecr.add_response("describe_images", {"imageDetails": [{"imageDigest": DIGEST, "imageTags": [TAG]}]}, FIND)

    def builds_known(self, *builds: dict[str, Any]) -> None:
        ids = [build["id"] for build in builds]
        listed = {"projectName": "farflow-image", "sortOrder": "DESCENDING"}
        self.codebuild.add_response("list_builds_for_project", {"ids": ids} if ids else {}, listed)
        if ids:
            self.codebuild.add_response("batch_get_builds", {"builds": list(builds)}, {"ids": ids})

    def build_is_started(self, **more: str) -> None:
        wanted = {"REQUEST_ID": "request-1", "IMAGE_TAG": TAG, "SOURCE_ARN": SOURCE, **more}
        self.codebuild.add_response(
            "start_build",
            {"build": a_build("IN_PROGRESS")},
            {
                "projectName": "farflow-image",
                "idempotencyToken": "request-1",
                "environmentVariablesOverride": [
                    {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in wanted.items()
                ],
            },
        )

    def build_is_seen(self, status: str, **more: Any) -> None:
        self.codebuild.add_response("batch_get_builds", {"builds": [a_build(status, **more)]}, ONE_BUILD)

    def log_is_read(self, *lines: str) -> None:
        self.logs.add_response(
            "get_log_events",
            {"events": [{"timestamp": 1, "message": f"{line}\n"} for line in lines]},
            {"logGroupName": "g", "logStreamName": "s", "limit": 60, "startFromHead": False},
        )


@pytest.fixture
def answers() -> Iterator[AnswerServer]:
    with answer_server() as answers:
        yield answers


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return load_handler(
        monkeypatch,
        "image_builder",
        PROJECT_NAME="farflow-image",
        REPOSITORY_NAME="farflow-repository",
        REPOSITORY_URI=REPOSITORY_URI,
    )


@pytest.fixture
def aws(handler: ModuleType, answers: AnswerServer) -> Iterator[Aws]:
    aws = Aws(handler, answers)
    with ExitStack() as stack:
        for stubber in aws.all:
            stack.enter_context(stubber)
        yield aws
    for stubber in aws.all:
        stubber.assert_no_pending_responses()


@pytest.fixture
def invoke(handler: ModuleType, answers: AnswerServer) -> Callable[..., None]:
    def call(kind: str = "Create", looks: int = 100, more: dict[str, Any] | None = None, **properties: str) -> None:
        event = {
            "RequestType": kind,
            "RequestId": "request-1",
            "ResponseURL": answers.url,
            "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/farflow-Image/1",
            "LogicalResourceId": "AirflowImage",
            "ResourceType": "Custom::AirflowImage",
            "ResourceProperties": {
                "ServiceToken": "arn:x",
                "SourceArn": SOURCE,
                "CpuArchitecture": "ARM64",
                "BaseImage": "",
                **properties,
            },
            **(more or {}),
        }
        handler.lambda_handler(event, Context("image_builder", looks))

    return call


def assert_answered_with_image(answers: AnswerServer) -> None:
    answer = answers.one()
    assert answer["Status"] == "SUCCESS", answer
    assert answer["Data"] == {"ImageUri": f"{REPOSITORY_URI}@{DIGEST}", "ImageTag": TAG}
    assert answer["PhysicalResourceId"] == "airflow-image"


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_image_that_is_there_is_answered_at_once(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None], kind: str
) -> None:
    aws.source_is_fetched()
    aws.image_is_there()
    invoke(kind)
    assert_answered_with_image(answers)


def test_missing_image_is_built_and_awaited(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.codebuild.add_response("batch_get_builds", {"builds": [], "buildsNotFound": [BUILD]}, ONE_BUILD)
    aws.build_is_seen("IN_PROGRESS")
    aws.build_is_seen("SUCCEEDED")
    aws.image_is_there()
    invoke()
    assert_answered_with_image(answers)


def test_other_base_is_handed_to_the_build_and_has_a_tag_of_its_own(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None]
) -> None:
    tag = image_tag(archive(), "ARM64", "mirror/airflow:1")
    assert tag != TAG
    find = {"repositoryName": "farflow-repository", "imageIds": [{"imageTag": tag}]}
    aws.source_is_fetched()
    aws.ecr.add_client_error("describe_images", "ImageNotFoundException", "no", expected_params=find)
    aws.builds_known()
    aws.build_is_started(IMAGE_TAG=tag, AIRFLOW_BASE_IMAGE="mirror/airflow:1")
    aws.build_is_seen("SUCCEEDED")
    aws.ecr.add_response("describe_images", {"imageDetails": [{"imageDigest": DIGEST}]}, find)
    invoke(BaseImage="mirror/airflow:1")
    assert answers.one()["Data"]["ImageTag"] == tag


def test_delete_keeps_the_images(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    invoke("Delete", more={"PhysicalResourceId": "airflow-image"})
    assert answers.one()["Status"] == "SUCCESS"


def test_second_delivery_awaits_the_first_one_s_build(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None]
) -> None:
    """Minutes later, when CodeBuild has forgotten the token: Lambda repeats an event whose invocation died."""
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known(a_build("IN_PROGRESS", environment=variables(REQUEST_ID="request-1", IMAGE_TAG=TAG)))
    aws.build_is_seen("SUCCEEDED")
    aws.image_is_there()
    invoke()
    assert_answered_with_image(answers)


def test_second_delivery_of_a_failed_request_builds_nothing(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None]
) -> None:
    failed = a_build("FAILED", environment=variables(REQUEST_ID="request-1", IMAGE_TAG=TAG))
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known(failed)
    aws.build_is_seen("FAILED")
    aws.image_is_missing()
    invoke()
    assert answers.one()["Status"] == "FAILED"


def test_failed_build_is_told_with_its_log(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    phase = {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "exit status 1"}]}
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.build_is_seen("FAILED", phases=[phase], logs={"groupName": "g", "streamName": "s", "deepLink": LINK})
    aws.image_is_missing()
    aws.log_is_read("Step 3/6 : RUN pip install", "ERROR: No matching distribution found")
    invoke()
    assert answers.one()["Status"] == "FAILED"
    assert answers.one()["Reason"] == (
        "The image was not built: the build ended as FAILED; in phase BUILD exit status 1. "
        f"Log: {LINK}\nStep 3/6 : RUN pip install\nERROR: No matching distribution found"
    )


def test_long_log_fits_the_answer(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.build_is_seen("TIMED_OUT", logs={"groupName": "g", "streamName": "s", "deepLink": LINK})
    aws.image_is_missing()
    aws.log_is_read(*(f"line {number} {'é' * 30}" for number in range(60)), "the last line")
    invoke()
    answer = answers.one()
    assert answer["Reason"].endswith("\nthe last line")
    assert "ended as TIMED_OUT" in answer["Reason"]
    assert 2800 < len(json.dumps(answer)) <= 4096


def test_build_that_never_wrote_a_log_is_told_without(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None]
) -> None:
    """A build that CodeBuild could not place has no stream, or names one that is not there."""
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.build_is_seen("FAULT", logs={"groupName": "g", "streamName": "s"})
    aws.image_is_missing()
    aws.logs.add_client_error("get_log_events", "ResourceNotFoundException", "no stream")
    invoke()
    assert answers.one()["Reason"] == "The image was not built: the build ended as FAULT. Log: none was written"


def test_log_that_cannot_be_read_hides_no_failure(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.build_is_seen("FAILED", logs={"groupName": "g", "streamName": "s", "deepLink": LINK})
    aws.image_is_missing()
    aws.logs.add_client_error("get_log_events", "AccessDeniedException", "not authorized")
    invoke()
    assert "the build ended as FAILED" in answers.one()["Reason"]
    assert "not authorized" in answers.one()["Reason"]


def test_build_that_pushed_nothing_fails_the_stack(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None]
) -> None:
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.build_is_seen("SUCCEEDED")
    aws.image_is_missing()
    invoke()
    assert "succeeded and pushed nothing" in answers.one()["Reason"]


def test_image_counts_even_if_the_build_failed(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    """Two builds of one image: the second may not push the tag again, and nothing is wrong."""
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.build_is_seen("FAILED")
    aws.image_is_there()
    invoke()
    assert_answered_with_image(answers)


def test_build_that_outlasts_the_function_is_handed_to_the_next_invocation(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None]
) -> None:
    handed: list[dict[str, Any]] = []
    expected = {
        "FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:image_builder",
        "InvocationType": "Event",
        "Payload": ANY,
    }
    aws.lambda_.client.meta.events.register(
        "before-parameter-build.lambda.Invoke", lambda params, **_: handed.append(json.loads(params["Payload"]))
    )
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.build_is_seen("IN_PROGRESS")
    aws.lambda_.add_response("invoke", {"StatusCode": 202}, expected)
    invoke(looks=1)
    assert not answers.received, "nothing is decided yet"
    (event,) = handed
    assert (event["BuildId"], event["Invocation"], event["RequestId"]) == (BUILD, 2, "request-1")

    aws.source_is_fetched()
    aws.image_is_missing()
    aws.build_is_seen("SUCCEEDED")
    aws.image_is_there()
    invoke(more=event)
    assert_answered_with_image(answers)


def test_last_invocation_answers_whatever_the_build_does(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None]
) -> None:
    """Else the stack would hear nothing until its hour is over."""
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.build_is_seen("IN_PROGRESS")
    invoke(looks=1, more={"BuildId": BUILD, "Invocation": 4})
    assert answers.one()["Status"] == "FAILED"
    assert "still runs" in answers.one()["Reason"]


def test_hand_over_that_is_refused_fails_the_stack(
    aws: Aws, answers: AnswerServer, invoke: Callable[..., None]
) -> None:
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.build_is_started()
    aws.build_is_seen("IN_PROGRESS")
    aws.lambda_.add_client_error("invoke", "AccessDeniedException", "not authorized")
    invoke(looks=1)
    assert answers.one()["Status"] == "FAILED"


def test_refused_start_fails_the_stack_at_once(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    aws.source_is_fetched()
    aws.image_is_missing()
    aws.builds_known()
    aws.codebuild.add_client_error("start_build", "AccountLimitExceededException", "no builds in this account")
    invoke()
    assert "no builds in this account" in answers.one()["Reason"]


def test_source_that_is_gone_fails_the_stack(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    answers.files.clear()
    aws.source_is_fetched()
    invoke()
    assert "404" in answers.one()["Reason"]


def test_missing_properties_are_all_named(aws: Aws, answers: AnswerServer, invoke: Callable[..., None]) -> None:
    invoke(SourceArn="", CpuArchitecture="")
    assert answers.one()["Reason"] == "the custom resource lacks SourceArn, CpuArchitecture"


def test_throttled_look_at_the_build_is_repeated(
    handler: ModuleType, answers: AnswerServer, invoke: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the stubber, where botocore's own retries are: the answers come from the wire."""
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda _: None, raising=False)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    refusals = iter([True] * 5)
    asked = []

    class Raw(io.BytesIO):
        def stream(self, **_: Any) -> Iterator[bytes]:
            yield self.read()

    def wire(request: Any, **_: Any) -> AWSResponse:
        asked.append(request.url)
        refused = next(refusals, False)
        answer: dict[str, Any] = {"builds": [a_build("SUCCEEDED")]}
        headers = {"x-amzn-ErrorType": "ThrottlingException"} if refused else {}
        body = {"__type": "ThrottlingException", "message": "slow down"} if refused else answer
        return AWSResponse(request.url, 400 if refused else 200, headers, Raw(json.dumps(body).encode()))

    handler.codebuild.meta.events.register("before-send.codebuild.BatchGetBuilds", wire)
    aws = Aws(handler, answers)
    with aws.ecr, aws.lambda_:
        aws.source_is_fetched()
        aws.image_is_missing()
        aws.image_is_there()
        invoke(more={"BuildId": BUILD, "Invocation": 2})
    assert len(asked) == 6
    assert_answered_with_image(answers)
