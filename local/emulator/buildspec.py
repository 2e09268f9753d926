"""Decides how a buildspec's phases run: as one shell script whose output reads like CodeBuild's log.

- All commands run in the same shell (version 0.2); one that fails ends its phase.
  https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
- After INSTALL or PRE_BUILD failed nothing else runs; after BUILD failed POST_BUILD does.
  https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PHASES = ("INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD")
KNOWN = {"version", "env", "phases"}

FAILED_COMMAND = "Error while executing command: $_failed. Reason: exit status $_status"

_COMPLETE = re.compile(r"^\[Container\] Phase complete: (\w+) State: (\w+)$")
_CONTEXT = re.compile(r"^\[Container\] Phase context status code: (\w+) Message: (.*)$")


class BuildspecError(ValueError):
    """The buildspec is none, or has something that is not imitated."""


def shell_of(spec: Mapping[str, Any]) -> str:
    """The shell that `env/shell` names."""
    shell = str((spec.get("env") or {}).get("shell", "sh"))
    if shell not in ("sh", "bash"):
        raise BuildspecError(f"env/shell {shell} is not imitated")
    return shell


def script(spec: Any) -> str:
    """The script that runs the phases. Raises `BuildspecError`."""
    if (
        not isinstance(spec, Mapping)
        or str(spec.get("version")) != "0.2"
        or not isinstance(spec.get("phases"), Mapping)
    ):
        raise BuildspecError("YAML_FILE_ERROR: a buildspec of version 0.2 with phases is needed")
    phases = spec["phases"]
    unknown = {*spec} - KNOWN | {*phases} - {phase.lower() for phase in PHASES}
    if unknown:
        raise BuildspecError(f"not imitated: {', '.join(sorted(unknown))}")
    lines = [
        r"""_say() { printf '[Container] %s\n' "$*"; }""",
        "_result=0",
        "_current=",
        # A command that ends the shell ends its phase without success.
        """trap '[ -z "$_current" ] || _say Phase complete: $_current State: FAILED' EXIT""",
    ]
    for phase in PHASES:
        lines += _phase(phase, [str(command) for command in (phases.get(phase.lower()) or {}).get("commands") or []])
    return "\n".join([*lines, "exit $_result", ""])


def _phase(phase: str, commands: Iterable[str]) -> list[str]:
    lines = [f"_{phase}() {{", ":"]
    for command in commands:
        quoted = shlex.quote(command)
        lines += [
            f"_say Running command {quoted}",
            f"{{ {command}",
            f"}} || {{ _status=$?; _failed={quoted}; return 1; }}",
        ]
    after_failure = "_result=1" if phase == "BUILD" else "exit 1"
    return [
        *lines,
        "}",
        f"_current={phase}",
        f"_say Entering phase {phase}",
        f"if _{phase}; then _say Phase complete: {phase} State: SUCCEEDED; else",
        f"_say Phase complete: {phase} State: FAILED",
        f'_say "Phase context status code: COMMAND_EXECUTION_ERROR Message: {FAILED_COMMAND}"',
        f"_current=; {after_failure}",
        "fi",
        "_current=",
    ]


@dataclass(frozen=True)
class PhaseEnd:
    """A phase ended, as a line of the log says."""

    phase: str
    status: str


@dataclass(frozen=True)
class PhaseContext:
    """Why the last phase failed, as a line of the log says."""

    status_code: str
    message: str


def read_line(line: str) -> PhaseEnd | PhaseContext | None:
    """What a line of the log says of the phases, if anything."""
    if match := _COMPLETE.match(line):
        return PhaseEnd(match[1], match[2])
    if match := _CONTEXT.match(line):
        return PhaseContext(match[1], match[2])
    return None


def overridden(variables: Iterable[Mapping[str, Any]], overrides: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A project's environment variables with StartBuild's put over them, by name.

    https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html
    """
    by_name = {variable["name"]: dict(variable) for variable in [*variables, *overrides]}
    return list(by_name.values())
