"""`stacks/image.yaml`, built and packaged by `sam`: what makes the image when no image is given.

Real here: SAM's packaging, the template, the function under AWS's runtime client, the roles, the buildspec's commands.
Not real: `docker build` only checks that it could (`local/emulator/build_commands.py`).
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from local import layout, upgrade_image
from local.deployed import Deployed
from local.upgrade_image import UpgradeImageError
from tests.integration.local_aws.conftest import LocalAws

BUCKET = "packages"
PARAMETERS = {"Name": "image", "CpuArchitecture": "X86_64", "LogRetentionDays": "1"}


class ImageStack:
    """The stack on the local AWS, and the folder that it is to make an image of."""

    def __init__(self, aws: LocalAws, template: dict[str, Any]) -> None:
        self._aws = aws
        self._template = template
        self._cloudformation = aws.client("cloudformation")
        content = template["Resources"]["AirflowSource"]["Properties"]["Content"]
        self.packaged = aws.client("s3").get_object(Bucket=BUCKET, Key=content["S3Key"])["Body"].read()
        with zipfile.ZipFile(io.BytesIO(self.packaged)) as archive:
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self._versions = 0

    def deploy(self, files: dict[str, bytes] | None = None) -> str:
        """Create or update the stack, from `files` if they are given; return its status in the end."""
        template = json.loads(json.dumps(self._template))
        if files is not None:
            written = io.BytesIO()
            with zipfile.ZipFile(written, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
            self._versions += 1
            key = f"source-{self._versions}"
            self._aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=written.getvalue())
            template["Resources"]["AirflowSource"]["Properties"]["Content"]["S3Key"] = key
        exists = any(stack["StackName"] == "image" for stack in self._cloudformation.describe_stacks()["Stacks"])
        (self._cloudformation.update_stack if exists else self._cloudformation.create_stack)(
            StackName="image",
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in PARAMETERS.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        while (status := self._stack()["StackStatus"]).endswith("_IN_PROGRESS"):
            time.sleep(0.1)
        return str(status)

    def _stack(self) -> dict[str, Any]:
        (stack,) = self._cloudformation.describe_stacks(StackName="image")["Stacks"]
        return dict(stack)

    @property
    def image_uri(self) -> str:
        (output,) = self._stack()["Outputs"]
        return str(output["OutputValue"])

    @property
    def builds(self) -> list[dict[str, Any]]:
        codebuild = self._aws.client("codebuild")
        ids = codebuild.list_builds_for_project(projectName="image-image").get("ids", [])
        return list(codebuild.batch_get_builds(ids=ids)["builds"])

    @property
    def failures(self) -> list[str]:
        """The reasons of failed resources, as the stack's events tell them."""
        events = self._cloudformation.describe_stack_events(StackName="image")["StackEvents"]
        return [
            event.get("ResourceStatusReason", "") for event in events if event["ResourceStatus"].endswith("_FAILED")
        ]

    @property
    def roles(self) -> dict[str, str]:
        rows = self._cloudformation.list_stack_resources(StackName="image")["StackResourceSummaries"]
        return {
            row["PhysicalResourceId"]: row["LogicalResourceId"]
            for row in rows
            if row["ResourceType"] == "AWS::IAM::Role"
        }


def packaged_template(aws: LocalAws, folder: Path) -> dict[str, Any]:
    """`sam build` and `sam package` of the template, with its code in the local AWS's S3."""
    aws.client("s3").create_bucket(Bucket=BUCKET)
    programs = layout.environment_python("tools").parent
    template = folder / "packaged.json"
    kept = layout.STATE / "sam-image-stack"  # SAM keeps what its cache holds where it is called
    kept.mkdir(exist_ok=True)
    build = [
        "build",
        "--template-file",
        str(layout.ROOT / "stacks" / "image.yaml"),
        "--parameter-overrides",
        "CpuArchitecture=X86_64",
    ]
    cached = ["--cached", "--cache-dir", "cache"]
    package = ["package", "--s3-bucket", BUCKET, "--use-json", "--output-template-file", str(template)]
    for arguments in ([*build, *cached], package):
        result = subprocess.run(
            [str(programs / "sam"), *arguments],
            cwd=kept,
            env={
                **os.environ,
                **layout.Stack(0, int(aws.url.rpartition(":")[2]), 0, 0).environ,
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PIP_CACHE_DIR": str(layout.STATE / "cache" / "pip"),
                "SAM_CLI_TELEMETRY": "0",
                "__SAM_CLI_APP_DIR": str(layout.STATE / "sam"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout
    return dict(yaml_parse(template.read_text()))


@pytest.fixture(scope="module")
def stack(with_additions: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> ImageStack:
    """Deployed once; the tests follow each other on it."""
    stack = ImageStack(with_additions, packaged_template(with_additions, tmp_path_factory.mktemp("sam")))
    assert stack.deploy() == "CREATE_COMPLETE", f"{stack.failures}\n{with_additions.log[-4000:]}"
    return stack


def test_sam_packages_the_folder_as_it_is(stack: ImageStack) -> None:
    folder = layout.ROOT / "airflow"
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    sent = {name: content for name, content in stack.files.items() if "__pycache__" not in name}
    assert sent == {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_image_is_built_from_the_folder_and_named_by_its_digest(stack: ImageStack, with_additions: LocalAws) -> None:
    (build,) = stack.builds
    assert build["buildStatus"] == "SUCCEEDED"
    repository, _, digest = stack.image_uri.partition("/")[2].partition("@")
    (image,) = with_additions.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    assert image["imageDigest"] == digest
    assert image["imageTags"][0].startswith("x86_64-")


def test_log_is_in_the_stack_s_own_group(stack: ImageStack, with_additions: LocalAws) -> None:
    (build,) = stack.builds
    assert build["logs"]["groupName"] == "/farflow/image/image-build"
    where = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
    lines = [event["message"] for event in with_additions.client("logs").get_log_events(**where)["events"]]
    assert any("COPY farflow /opt/farflow/farflow" in line for line in lines)
    assert not any("auth-token" in line or "lambda-layers" in line for line in lines), "a password or signed address"


def test_no_role_was_refused_anything(stack: ImageStack, with_additions: LocalAws) -> None:
    lines = (with_additions.folder / layout.IAM_DECISIONS).read_text().splitlines()
    decisions = [line for line in map(json.loads, lines) if line["role"] in stack.roles]
    assert [line for line in decisions if not line["allowed"]] == []
    used = {(stack.roles[line["role"]], line["action"]) for line in decisions}
    assert {("ProjectRole", "ecr:PutImage"), ("ImageBuilderRole", "codebuild:StartBuild")} <= used


def test_bytecode_in_the_folder_builds_nothing(stack: ImageStack) -> None:
    """It makes another layer version, so CloudFormation asks; the answer is the image that is there."""
    before = stack.image_uri
    assert stack.deploy({**stack.files, "farflow/__pycache__/healthcheck.pyc": b"\0"}) == "UPDATE_COMPLETE"
    assert stack.image_uri == before
    assert len(stack.builds) == 1


def test_build_that_fails_tells_its_log_and_leaves_the_former_image(stack: ImageStack) -> None:
    before = stack.image_uri
    broken = {name: content for name, content in stack.files.items() if name != "requirements.txt"}
    assert stack.deploy(broken) == "UPDATE_ROLLBACK_COMPLETE"
    (reason,) = (reason for reason in stack.failures if "The image was not built" in reason)
    assert "ended as FAILED; in phase BUILD Error while executing command: docker build" in reason
    assert "Log: https://console.aws.amazon.com/cloudwatch/" in reason
    assert '\ndocker: failed to compute cache key: "/requirements.txt" not found\n' in reason
    assert stack.image_uri == before
    assert len(stack.builds) == 2


def test_changed_code_is_another_image(stack: ImageStack) -> None:
    before = stack.image_uri
    assert stack.deploy({**stack.files, "farflow/__init__.py": b"# changed\n"}) == "UPDATE_COMPLETE"
    assert stack.image_uri != before
    assert len(stack.builds) == 3


def test_image_built_to_try_an_upgrade_is_the_one_that_is_deployed_then(
    stack: ImageStack, with_additions: LocalAws, tmp_path: Path
) -> None:
    """By the same project under the same tag, so the deployment builds nothing."""
    changed = {name: content for name, content in stack.files.items() if "__pycache__" not in name}
    changed["farflow/__init__.py"] = b"# the next version\n"
    for name, content in changed.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    environment = Deployed("image", with_additions.client, {})
    image = upgrade_image.build(environment, tmp_path, PARAMETERS)
    assert image != stack.image_uri
    assert len(stack.builds) == 4
    layers = with_additions.client("lambda").list_layer_versions(LayerName="image-airflow-source")["LayerVersions"]
    assert not [layer for layer in layers if "upgrade-check" in layer["Description"]]
    assert upgrade_image.build(environment, tmp_path, PARAMETERS) == image
    assert stack.deploy(changed) == "UPDATE_COMPLETE"
    assert stack.image_uri == image
    assert len(stack.builds) == 4


def test_image_that_cannot_be_built_is_said(stack: ImageStack, with_additions: LocalAws, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("COPY requirements.txt /\n")
    with pytest.raises(UpgradeImageError, match="the image was not built: see the log /farflow/image/image-build"):
        upgrade_image.build(Deployed("image", with_additions.client, {}), tmp_path, PARAMETERS)
    with pytest.raises(UpgradeImageError, match="another builds no images: say IMAGE="):
        upgrade_image.build(Deployed("another", with_additions.client, {}), tmp_path, PARAMETERS)
