"""The image to upgrade to: the one that was given, the one of samconfig.toml, or `airflow/`, built as a deployment builds it."""

from __future__ import annotations

import io
import shlex
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
        (stack,) = environment.client("cloudformation").describe_stacks(StackName=environment.stack_name)["Stacks"]
        parameters = {**deployed_parameters(stack), **overrides(samconfig(name))}
        return parameters.get("AirflowImage") or build(environment, layout.ROOT / "airflow", parameters)
    except (BotoCoreError, ClientError) as error:
        raise UpgradeImageError(f"the image could not be built: {error}. Or say IMAGE=<name:tag>") from error


def deployed_parameters(stack: Mapping[str, Any]) -> dict[str, str]:
    """Of what is deployed: `sam deploy` keeps those that samconfig.toml does not name."""
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in stack.get("Parameters", [])}


def overrides(parameters: Mapping[str, Any]) -> dict[str, str]:
    """What samconfig.toml deploys with: a list of NAME=VALUE, or a text of them with quotes as a shell's."""
    given = parameters.get("parameter_overrides", [])
    pairs = shlex.split(given if isinstance(given, str) else " ".join(given))
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def build(environment: Deployed, folder: Path, parameters: Mapping[str, str]) -> str:
    """By the deployment's own CodeBuild, under the tag by which the next deployment will find it. Raises `UpgradeImageError`."""
    codebuild, stack_name = environment.client("codebuild"), environment.stack_name
    project = f"{stack_name}-image"
    found = codebuild.batch_get_projects(names=[project])["projects"]
    if not found:
        raise UpgradeImageError(f"{stack_name} builds no images: say IMAGE=<name:tag>")
    variables = {each["name"]: each["value"] for each in found[0]["environment"]["environmentVariables"]}
    repository = variables["REPOSITORY_URI"]
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
