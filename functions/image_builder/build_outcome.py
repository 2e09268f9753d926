"""Decides what a CodeBuild build has come to, and how a failure is told in the little room there is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TAG_VARIABLE = "IMAGE_TAG"
REQUEST_VARIABLE = "REQUEST_ID"


@dataclass(frozen=True)
class Running:
    """The build has not ended."""


@dataclass(frozen=True)
class Succeeded:
    """Every phase succeeded."""


@dataclass(frozen=True)
class Failed:
    """The build ended in any other way; `reason` says how."""

    reason: str


Outcome = Running | Succeeded | Failed


def outcome(build: Mapping[str, Any]) -> Outcome:
    """What became of `build`, one of BatchGetBuilds's.

    Source: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html
    """
    status = build["buildStatus"]
    if status == "IN_PROGRESS":
        return Running()
    if status == "SUCCEEDED":
        return Succeeded()
    details = [f"the build ended as {status}"]
    for phase in build.get("phases", []):
        if phase.get("phaseStatus") not in (None, "SUCCEEDED"):
            messages = [context["message"] for context in phase.get("contexts", []) if context.get("message")]
            details.append(" ".join([f"in phase {phase['phaseType']}", *messages]))
    return Failed("; ".join(details))


def build_to_await(builds: Iterable[Mapping[str, Any]], request_id: str, tag: str) -> str | None:
    """The id of the build that serves this request already, or None.

    That is the one that an earlier delivery of the same request started, whatever became of it, else one that
    is making the same image: two of them could not both push one tag.
    """
    known = list(builds)
    for build in known:
        if _variable(build, REQUEST_VARIABLE) == request_id:
            return str(build["id"])
    for build in known:
        if isinstance(outcome(build), Running) and _variable(build, TAG_VARIABLE) == tag:
            return str(build["id"])
    return None


def _variable(build: Mapping[str, Any], name: str) -> str | None:
    variables = build.get("environment", {}).get("environmentVariables", [])
    return next((variable["value"] for variable in variables if variable["name"] == name), None)


def report(reason: str, link: str, log_lines: Sequence[str], room_bytes: int) -> str:
    """The failure's reason, the log's address, and as many of the log's last lines as `room_bytes` of JSON hold."""
    text = f"The image was not built: {reason}. Log: {link or 'none was written'}"
    chosen: list[str] = []
    left = room_bytes - _json_bytes(text)
    for line in reversed([line.rstrip() for line in log_lines if line.strip()]):
        left -= _json_bytes(f"\n{line}")
        if left < 0:
            break
        chosen.insert(0, line)
    return "\n".join([text, *chosen])


def _json_bytes(text: str) -> int:
    return len(json.dumps(text)) - len('""')
