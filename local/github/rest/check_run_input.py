"""What a request to create or update a check run may say; everything else is refused as GitHub refuses it.

Source: https://docs.github.com/en/rest/checks/runs
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from local.github.exchange import ApiError, malformed

STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out")
LEVELS = ("notice", "warning", "failure")
MOST_ANNOTATIONS = 50
MOST_TEXT = 65_535
MOST_MESSAGE_BYTES = 64 * 1024
MOST_ANNOTATION_TITLE = 255
TEXTS = ("name", "head_sha", "external_id", "details_url", "started_at", "completed_at")


def check(body: Mapping[str, Any], *, required: Sequence[str], output_required: Sequence[str]) -> None:
    """Raises `ApiError`."""
    _require(body, required)
    for name in TEXTS:
        _text(body, name)
    _member(body, "status", STATUSES)
    _member(body, "conclusion", CONCLUSIONS)
    if (body.get("status") == "completed" or body.get("completed_at")) and not body.get("conclusion"):
        _require(body, ["conclusion"])
    output = body.get("output")
    if output is None:
        return
    if not isinstance(output, dict):
        raise malformed("For 'properties/output', the value is not an object.")
    _require(output, output_required)
    for name in ("title", "summary", "text"):
        _text(output, name, MOST_TEXT)
    annotations = output.get("annotations", [])
    if not isinstance(annotations, list):
        raise malformed("For 'properties/annotations', the value is not an array.")
    if len(annotations) > MOST_ANNOTATIONS:
        raise malformed(f"No more than {MOST_ANNOTATIONS} items are allowed; {len(annotations)} were supplied.")
    for annotation in annotations:
        _check_annotation(annotation)


def _check_annotation(annotation: Any) -> None:
    if not isinstance(annotation, dict):
        raise malformed("For 'annotations/items', the value is not an object.")
    _require(annotation, ("path", "start_line", "end_line", "annotation_level", "message"))
    _member(annotation, "annotation_level", LEVELS)
    for name in ("path", "message", "title", "raw_details"):
        _text(annotation, name)
    for name in ("start_line", "end_line", "start_column", "end_column"):
        number = annotation.get(name, 1)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise malformed(f"For 'properties/{name}', {number!r} is not an integer of at least 1.")
    if annotation["end_line"] < annotation["start_line"]:
        raise _invalid("end_line", "end_line must not be before start_line")
    if annotation["end_line"] != annotation["start_line"] and {"start_column", "end_column"} & set(annotation):
        raise _invalid("start_column", "columns are for annotations that start and end on the same line")
    for name in ("message", "raw_details"):
        if len(annotation.get(name, "").encode()) > MOST_MESSAGE_BYTES:
            raise _invalid(name, f"{name} is too long (maximum is 64 KB)")
    if len(annotation.get("title", "")) > MOST_ANNOTATION_TITLE:
        raise _invalid("title", f"title is too long (maximum is {MOST_ANNOTATION_TITLE} characters)")


def _invalid(name: str, message: str) -> ApiError:
    error = {"resource": "CheckAnnotation", "code": "invalid", "field": name, "message": message}
    return ApiError(422, "Validation Failed", [error])


def _require(body: Mapping[str, Any], names: Sequence[str]) -> None:
    missing = [f'"{name}"' for name in names if body.get(name) is None]
    if missing:
        raise malformed(f"{', '.join(missing)} {"wasn't" if len(missing) == 1 else "weren't"} supplied.")


def _text(body: Mapping[str, Any], name: str, most: int | None = None) -> None:
    value = body.get(name)
    if value is None:
        return
    if not isinstance(value, str):
        raise malformed(f"For 'properties/{name}', {value!r} is not a string.")
    if most is not None and len(value) > most:
        raise malformed(f"Only {most} characters are allowed; {len(value)} were supplied.")


def _member(body: Mapping[str, Any], name: str, values: Sequence[str]) -> None:
    value = body.get(name)
    if value is not None and value not in values:
        raise malformed(f"For 'properties/{name}', {value!r} is not a member of {list(values)}.")
