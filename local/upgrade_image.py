"""The image to upgrade to: the one that was given, the one of samconfig.toml, or `airflow/`, built as a deployment builds it."""

from __future__ import annotations

import io
import time
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from image_builder import image_build
from image_builder.image_build import ImageRequest
from image_builder.image_source import image_tag
from local import command_line, layout
from local.deployed import HERE, Deployed, samconfig
from local.errors import LocalStackError

BUILD_SECONDS = 50 * 60.0
"""More than a build may take, with its wait in the queue (stacks/image.yaml)."""


class UpgradeImageError(LocalStackError):
    """There is none; the message says what to do."""


def find(environment: Deployed, environ: Mapping[str, str]) -> str:
    """By name and tag, or digest. Raises `UpgradeImageError`."""
    if given := environ.get("IMAGE"):
        return given
    name = environ.get("ENV") or HERE
    if name == HERE:
        number = environ.get("TO", "")
        return layout.former_image(number) if number in layout.FORMER_AIRFLOWS else layout.AIRFLOW_IMAGE
    try:
        return configured(samconfig(name)) or build(environment, layout.ROOT / "airflow")
    except (BotoCoreError, ClientError) as error:
        raise UpgradeImageError(f"the image could not be built: {error}. Or say IMAGE=<name:tag>") from error


def configured(parameters: Mapping[str, Any]) -> str:
    """What the parameters of samconfig.toml deploy; empty when a deployment builds it."""
    overrides = parameters.get("parameter_overrides", [])
    pairs = overrides.split() if isinstance(overrides, str) else overrides
    return next((pair.partition("=")[2] for pair in pairs if pair.startswith("AirflowImage=")), "")


def build(environment: Deployed, folder: Path) -> str:
    """By the deployment's own CodeBuild, under the tag by which the next deployment will find it. Raises `UpgradeImageError`."""
    codebuild, stack_name = environment.client("codebuild"), environment.stack_name
    project = f"{stack_name}-image"
    found = codebuild.batch_get_projects(names=[project])["projects"]
    if not found:
        raise UpgradeImageError(f"{stack_name} builds no images: say IMAGE=<name:tag>")
    variables = {each["name"]: each["value"] for each in found[0]["environment"]["environmentVariables"]}
    repository = variables["REPOSITORY_URI"]
    (stack,) = environment.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    parameters = {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])}
    base, architecture = parameters.get("AirflowBaseImage", ""), parameters["CpuArchitecture"]
    archive = archive_of(folder)
    tag = image_tag(archive, architecture, base)
    ecr = environment.client("ecr")
    name = repository.partition("/")[2]
    if not (digest := image_build.find_digest(ecr, name, tag)):
        build_from(environment, project, archive, tag, ImageRequest("", architecture, base))
        digest = image_build.find_digest(ecr, name, tag)
    if not digest:
        raise UpgradeImageError(f"the image was not built: see the log /farflow/{stack_name}/image-build")
    return f"{repository}@{digest}"


def build_from(environment: Deployed, project: str, archive: bytes, tag: str, request: ImageRequest) -> None:
    """Give CodeBuild the source, as `sam deploy` does, and wait for it."""
    command_line.say("image", f"CodeBuild builds {project}:{tag}")
    lambda_, codebuild = environment.client("lambda"), environment.client("codebuild")
    layer_name = f"{environment.stack_name}-airflow-source"
    layer = lambda_.publish_layer_version(
        LayerName=layer_name,
        Description="The folder airflow/, for make upgrade-check.",
        Content={"ZipFile": archive},
    )
    deadline = time.monotonic() + BUILD_SECONDS
    try:
        build_id = image_build.start_once(
            codebuild,
            project,
            str(uuid.uuid4()),
            tag,
            ImageRequest(layer["LayerVersionArn"], request.cpu_architecture, request.base_image),
        )
        image_build.await_end(codebuild, build_id, lambda: deadline - time.monotonic(), time.sleep)
    finally:
        lambda_.delete_layer_version(LayerName=layer_name, VersionNumber=layer["Version"])


def archive_of(folder: Path) -> bytes:
    """As a zip file, which counts by its names and contents alone (`image_source`)."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(folder))
    return written.getvalue()
