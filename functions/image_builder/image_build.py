"""Observes and starts builds: the source as `sam` uploaded it, the repository, CodeBuild and the build's log."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from control_plane.custom_resource import ResourceError

from .build_outcome import REQUEST_VARIABLE, TAG_VARIABLE, Running, build_to_await, outcome

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_codebuild.type_defs import BuildTypeDef
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient

POLL_SECONDS = 2.0
FETCH_SECONDS = 60
RECENT_BUILDS = 100
"""As many as BatchGetBuilds takes."""
LOG_LINES = 60


class ImageError(ResourceError):
    """There is no image that the services could run."""


@dataclass(frozen=True)
class ImageRequest:
    """What the image is made of. `source_arn` is the layer version whose archive is the folder `airflow/`."""

    source_arn: str
    cpu_architecture: str
    base_image: str
    """Empty for the one that the Dockerfile names."""

    @classmethod
    def parse(cls, properties: Mapping[str, Any]) -> ImageRequest:
        """Raises `ImageError` naming every property that is missing."""
        missing = [name for name in ("SourceArn", "CpuArchitecture") if not properties.get(name)]
        if missing:
            raise ImageError(f"the custom resource lacks {', '.join(missing)}")
        return cls(properties["SourceArn"], properties["CpuArchitecture"], properties.get("BaseImage", ""))


def fetch_source(lambda_: LambdaClient, source_arn: str) -> bytes:
    """The archive behind the layer version, by an address that Lambda signs for ten minutes.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html
    """
    location = lambda_.get_layer_version_by_arn(Arn=source_arn)["Content"]["Location"]
    with urllib.request.urlopen(location, timeout=FETCH_SECONDS) as response:
        return bytes(response.read())


def find_digest(ecr: ECRClient, repository: str, tag: str) -> str | None:
    """The digest of the image with that tag, or None when there is none yet."""
    try:
        details = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])["imageDetails"]
    except ecr.exceptions.ImageNotFoundException:
        return None
    return details[0]["imageDigest"] if details else None


def start_once(codebuild: CodeBuildClient, project: str, request_id: str, tag: str, request: ImageRequest) -> str:
    """The id of the build that makes the image: one that is there, or a new one.

    CodeBuild remembers the token for five minutes only, for two deliveries at once; builds are found by their variables.
    Source: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
    """
    ids = codebuild.list_builds_for_project(projectName=project, sortOrder="DESCENDING").get("ids", [])
    builds = codebuild.batch_get_builds(ids=ids[:RECENT_BUILDS])["builds"] if ids else []
    known = build_to_await(builds, request_id, tag)
    if known is not None:
        return known
    variables = {
        REQUEST_VARIABLE: request_id,
        TAG_VARIABLE: tag,
        "SOURCE_ARN": request.source_arn,
        **({"AIRFLOW_BASE_IMAGE": request.base_image} if request.base_image else {}),
    }
    return codebuild.start_build(
        projectName=project,
        idempotencyToken=request_id,
        environmentVariablesOverride=[
            {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()
        ],
    )["build"]["id"]


def await_end(
    codebuild: CodeBuildClient, build_id: str, seconds_left: Callable[[], float], sleep: Callable[[float], None]
) -> BuildTypeDef | None:
    """The build as it ended, or None when `seconds_left` ran out first."""
    while seconds_left() > 0:
        builds = codebuild.batch_get_builds(ids=[build_id])["builds"]
        # One that CodeBuild does not know of yet is no failure.
        if builds and not isinstance(outcome(builds[0]), Running):
            return builds[0]
        sleep(POLL_SECONDS)
    return None


def last_log_lines(logs: CloudWatchLogsClient, build: BuildTypeDef) -> list[str]:
    """The end of the build's log; what hinders reading it becomes its only line, for the failure itself matters more."""
    where = build.get("logs", {})
    if not where.get("groupName") or not where.get("streamName"):
        return []
    try:
        events = logs.get_log_events(
            logGroupName=where["groupName"], logStreamName=where["streamName"], limit=LOG_LINES, startFromHead=False
        )["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    except logs.exceptions.ClientError as error:
        return [f"(the log could not be read: {error})"]
    return [line for event in events for line in event["message"].splitlines()]
