"""`make image`: builds `airflow/` with a container engine of this machine, for who wants to push an image of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from local import layout
from local.errors import LocalStackError

ENGINES = ("docker", "podman")
PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}
"""The template's CpuArchitecture, and what engines call it."""

FOLDER = layout.ROOT / "airflow"


class ImageError(LocalStackError):
    """The image was not built; the message says what to do."""


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    engine: str | None
    tag: str
    platform: str

    @classmethod
    def parse(cls, environ: Mapping[str, str]) -> Wish:
        """From ENGINE, TAG and CPU_ARCHITECTURE, each of which may be missing. Raises `ImageError`."""
        engine = environ.get("ENGINE") or None
        if engine not in (None, *ENGINES):
            raise ImageError(f"ENGINE={engine} is none of {', '.join(ENGINES)}")
        architecture = environ.get("CPU_ARCHITECTURE") or _template_default("CpuArchitecture")
        if architecture not in PLATFORMS:
            raise ImageError(f"CPU_ARCHITECTURE={architecture} is none of {', '.join(PLATFORMS)}")
        return cls(engine, environ.get("TAG") or f"farflow/airflow:{_airflow_version()}", PLATFORMS[architecture])


def _template_default(parameter: str) -> str:
    text = (layout.ROOT / "template.yaml").read_text()
    found = re.search(rf"^  {parameter}:\n(?:    .*\n)*?    Default: (\S+)$", text, re.MULTILINE)
    if found is None:
        raise ImageError(f"template.yaml gives {parameter} no default")
    return found[1]


def _airflow_version() -> str:
    found = re.search(r"^apache-airflow==([\d.]+)", (FOLDER / "requirements.txt").read_text(), re.MULTILINE)
    if found is None:
        raise ImageError("airflow/requirements.txt names no apache-airflow")
    return found[1]


def find_engine(asked: str | None) -> str:
    """The engine asked for, or the first that is there. Raises `ImageError` when none answers."""
    found = [name for name in ([asked] if asked else ENGINES) if shutil.which(name)]
    if not found:
        raise ImageError(
            f"there is no {asked or ' and no '.join(ENGINES)} on PATH. It is not needed to deploy: without AirflowImage, "
            "AWS builds the image itself. To build here, install one and call make image again."
        )
    answer = subprocess.run([found[0], "info"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if answer.returncode != 0:
        last = " ".join(answer.stdout.strip().splitlines()[-2:]) or "it said nothing"
        raise ImageError(f"{found[0]} is there, but its engine does not answer: {last}")
    return found[0]


def build(environ: Mapping[str, str]) -> None:
    """Build it, and say how to use it. Raises `ImageError`."""
    wish = Wish.parse(environ)
    engine = find_engine(wish.engine)
    command = [engine, "build", "--platform", wish.platform, "--tag", wish.tag, str(FOLDER)]
    print(" ".join(command), flush=True)
    # The Dockerfile's COPY --chmod is BuildKit's; Docker has it on by default since 23.
    result = subprocess.run(command, env={**os.environ, "DOCKER_BUILDKIT": "1"})
    if result.returncode != 0:
        raise ImageError(
            f"{engine} build exited with {result.returncode}. For another processor than this machine's ({wish.platform}) "
            "the engine needs emulation (QEMU); CPU_ARCHITECTURE=X86_64 or ARM64 chooses."
        )
    print(f"\nbuilt {wish.tag} for {wish.platform}. To deploy it, push it to a registry that ECS can pull from:")
    print(f"  {engine} tag {wish.tag} <repository>:<tag> && {engine} push <repository>:<tag>")
    print('and name it in samconfig.toml: parameter_overrides = ["AirflowImage=<repository>:<tag>", ...]')


def main() -> int:
    try:
        build(os.environ)
    except ImageError as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
