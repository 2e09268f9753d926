"""GitHub's own descriptions of its answers and payloads, cut down in `tests/data/github/`."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft7Validator

from local import layout

DATA = layout.ROOT / "tests" / "data" / "github"


@cache
def _document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress((DATA / name).read_bytes()))
    return document


def _check(schema: Any, document: dict[str, Any], value: Any, what: str) -> None:
    shared = {key: document[key] for key in ("components", "definitions") if key in document}
    errors = Draft7Validator({**schema, **shared}).iter_errors(value)
    told = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]
    assert not told, f"{what} is not as GitHub describes it:\n" + "\n".join(told[:20])


def operation_of(method: str, path: str) -> str | None:
    """The operation that a request is of, as `GET /repos/{owner}/{repo}`."""
    asked = re.sub(r"^/repositories/[0-9]+", "/repos/o/r", path.partition("?")[0])
    for operation in sorted(_document("openapi_operations.json.gz")["operations"], key=len, reverse=True):
        verb, _, template = operation.partition(" ")
        pattern = re.sub(
            r"\\\{(\w+)\\\}", lambda name: ".+" if name[1] in {"ref", "branch"} else "[^/]+", re.escape(template)
        )
        if verb == method and re.fullmatch(pattern, asked):
            return operation
    return None


def check_answer(method: str, path: str, status: int, body: Any) -> None:
    """Fails unless the answer is one that GitHub describes. Errors that it does not describe need a message."""
    document = _document("openapi_operations.json.gz")
    operation = operation_of(method, path)
    assert operation, f"GitHub has no {method} {path}"
    answers = document["operations"][operation]["answers"]
    if str(status) in answers:
        _check(answers[str(status)], document, body, f"the answer {status} of {operation}")
    else:
        assert status >= 400, f"{operation} never answers {status}"
        assert body["message"]
        assert body["documentation_url"]


def check_request(method: str, path: str, body: Any) -> None:
    """Fails unless the request's body is one that GitHub describes."""
    document = _document("openapi_operations.json.gz")
    operation = operation_of(method, path)
    assert operation
    _check(document["operations"][operation]["request"] or {}, document, body, f"the request {operation}")


def check_payload(event: str, payload: Any) -> None:
    """Fails unless the payload is one that GitHub describes for the event."""
    document = _document("schemas_webhooks.json.gz")
    name = f"{event}${payload.get('action', 'event')}"
    _check(document["definitions"][name], document, payload, name)
