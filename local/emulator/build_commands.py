"""Stand-ins for the programs of CodeBuild's image: `python -m local.emulator.build_commands PROGRAM ARGUMENT...`.

Each does what a build here can rely on and refuses any argument that it does not know, so that a build which
passes has called the real program's interface. Nothing is built: `docker build` checks that the folder could be,
and `docker push` leaves a manifest in ECR that stands for the folder's content.

- aws: https://docs.aws.amazon.com/cli/latest/reference/, from botocore's models as the real one
- docker: https://docs.docker.com/reference/cli/docker/, https://docs.docker.com/reference/dockerfile/
- curl, unzip: their manuals; CodeBuild's image has both, a machine need not
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import botocore.session
import jmespath
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError


class CommandError(Exception):
    """What the real program would refuse, or what this one does not know."""


class _Arguments(argparse.ArgumentParser):
    """Exact option names only, errors as `CommandError`."""

    def __init__(self, program: str) -> None:
        super().__init__(prog=program, allow_abbrev=False, add_help=False)

    def error(self, message: str) -> Any:
        raise CommandError(f"{self.prog}: {message}")


def _client(service: str) -> Any:
    return botocore.session.get_session().create_client(service)


def aws(arguments: Sequence[str]) -> None:
    """`aws SERVICE OPERATION --parameter value ... [--query JMESPATH] [--output text|json]`, for texts as values."""
    service, operation, *rest = arguments
    client = _client(service)
    if (service, operation) == ("ecr", "get-login-password"):
        _Arguments("aws ecr get-login-password").parse_args(rest)
        token = client.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        print(base64.b64decode(token).decode().partition(":")[2])
        return
    names = {xform_name(name, "-"): name for name in client.meta.service_model.operation_names}
    if operation not in names:
        raise CommandError(f"aws {service}: {operation} is no operation")
    parameters = client.meta.service_model.operation_model(names[operation]).input_shape.members
    parser = _Arguments(f"aws {service} {operation}")
    for name in parameters:
        parser.add_argument(f"--{xform_name(name, '-')}", dest=name)
    parser.add_argument("--query", dest="_query")
    parser.add_argument("--output", dest="_output", choices=("json", "text"), default="json")
    given = vars(parser.parse_args(rest))
    query, output = given.pop("_query"), given.pop("_output")
    call = getattr(client, xform_name(names[operation]))
    answer = call(**{name: value for name, value in given.items() if value is not None})
    result = jmespath.search(query, answer) if query else answer
    print(result if output == "text" else json.dumps(result, default=str))


def docker(arguments: Sequence[str]) -> None:
    command, *rest = arguments
    commands: dict[str, Callable[[Sequence[str]], None]] = {
        "login": _docker_login,
        "build": _docker_build,
        "push": _docker_push,
    }
    if command not in commands:
        raise CommandError(f"docker {command}: not imitated")
    commands[command](rest)


def _docker_state() -> Path:
    folder = Path.home() / "docker"
    folder.mkdir(exist_ok=True)
    return folder


def _docker_login(arguments: Sequence[str]) -> None:
    parser = _Arguments("docker login")
    parser.add_argument("--username", required=True)
    parser.add_argument("--password-stdin", action="store_true", required=True)
    parser.add_argument("registry")
    given = parser.parse_args(arguments)
    if not sys.stdin.read().strip():
        raise CommandError("docker login: password is empty")
    if given.username != "AWS" or not re.fullmatch(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com", given.registry):
        raise CommandError(f"docker login: {given.username} at {given.registry} is no way into ECR")
    (_docker_state() / "registry").write_text(given.registry)
    print("Login Succeeded")


def _docker_build(arguments: Sequence[str]) -> None:
    parser = _Arguments("docker build")
    parser.add_argument("--provenance", choices=("true", "false"))
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("--tag", required=True)
    parser.add_argument("context", type=Path)
    given = parser.parse_args(arguments)
    if not (given.context / "Dockerfile").is_file():
        raise CommandError(f"docker build: {given.context} has no Dockerfile")
    build_arguments = dict(argument.split("=", 1) for argument in given.build_arg)
    for line in check_dockerfile(given.context, build_arguments):
        print(line)
    digest = hashlib.sha256(json.dumps(build_arguments, sort_keys=True).encode())
    for path in sorted(path for path in given.context.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(given.context)}:".encode() + path.read_bytes())
    manifest = {"schemaVersion": 2, "config": {"digest": f"sha256:{digest.hexdigest()}"}}
    (_docker_state() / hashlib.sha256(given.tag.encode()).hexdigest()).write_text(json.dumps(manifest))


def check_dockerfile(context: Path, build_arguments: dict[str, str]) -> list[str]:
    """The Dockerfile's steps as a build prints them. Raises `CommandError` for one that could not be done.

    Checked: a base, each build argument declared, each COPY's source in the folder.
    """
    text = re.sub(r"\\\n", " ", (context / "Dockerfile").read_text())
    steps = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    declared = {step.split(maxsplit=1)[1].partition("=")[0] for step in steps if step.startswith("ARG ")}
    if not any(step.startswith("FROM ") for step in steps):
        raise CommandError("docker build: the Dockerfile has no FROM")
    undeclared = build_arguments.keys() - declared
    if undeclared:
        raise CommandError(f"docker build: build-args {sorted(undeclared)} were not consumed")
    printed = []
    for number, step in enumerate(steps, 1):
        printed.append(f"Step {number}/{len(steps)} : {step}")
        instruction, *words = step.split()
        if instruction == "COPY":
            *sources, _ = [word for word in words if not word.startswith("--")]
            for source in sources:
                if not (context / source).exists():
                    print("\n".join(printed))
                    raise CommandError(f'failed to compute cache key: "/{source}" not found')
    return printed


def _docker_push(arguments: Sequence[str]) -> None:
    parser = _Arguments("docker push")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("name")
    name = parser.parse_args(arguments).name
    built = _docker_state() / hashlib.sha256(name.encode()).hexdigest()
    if not built.exists():
        raise CommandError(f"docker push: an image does not exist locally with the tag: {name}")
    registry, _, rest = name.partition("/")
    repository, _, tag = rest.partition(":")
    known = _docker_state() / "registry"
    if not known.exists() or known.read_text() != registry:
        raise CommandError("docker push: no basic auth credentials")
    ecr = _client("ecr")
    # What a push calls besides, and is refused without: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
    layer = f"sha256:{hashlib.sha256(built.read_bytes()).hexdigest()}"
    ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[layer])
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository, uploadId=upload, partFirstByte=0, partLastByte=0, layerPartBlob=b"\0"
    )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[layer])
    image = ecr.put_image(repositoryName=repository, imageManifest=built.read_text(), imageTag=tag)["image"]
    print(f"{name}@{image['imageId']['imageDigest']}")


def curl(arguments: Sequence[str]) -> None:
    parser = _Arguments("curl")
    for flag in ("--fail", "--silent", "--show-error", "--location"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--retry", type=int)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("url")
    given = parser.parse_args(arguments)
    with urllib.request.urlopen(given.url, timeout=60) as response:
        given.output.write_bytes(response.read())


def unzip(arguments: Sequence[str]) -> None:
    parser = _Arguments("unzip")
    parser.add_argument("-q", action="store_true")
    parser.add_argument("-d", dest="folder", type=Path, default=Path())
    parser.add_argument("archive", type=Path)
    given = parser.parse_args(arguments)
    with zipfile.ZipFile(given.archive) as archive:
        archive.extractall(given.folder)


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {"aws": aws, "docker": docker, "curl": curl, "unzip": unzip}


def main() -> int:
    program, *arguments = sys.argv[1:]
    os.environ.pop("PYTHONPATH", None)
    try:
        COMMANDS[program](arguments)
    except (CommandError, BotoCoreError, ClientError, OSError, ValueError, zipfile.BadZipFile) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
