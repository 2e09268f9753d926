"""A request of the API, its answer, and its errors in GitHub's own shapes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from local.errors import LocalStackError
from local.github.access import Caller

MOST_PER_PAGE = 100
DOCUMENTATION = "https://docs.github.com/rest"


class ApiError(LocalStackError):
    """What the API refuses.

    Source: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
    """

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.errors = errors
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        errors = {"errors": list(self.errors)} if self.errors else {}
        return {"message": str(self), **errors, "documentation_url": DOCUMENTATION, "status": str(self.status)}


def not_found() -> ApiError:
    """Also what somebody without access to the repository is told."""
    return ApiError(404, "Not Found")


def invalid(resource: str, name: str, code: str, message: str | None = None) -> ApiError:
    """A field with a value that will not do; code is missing, missing_field, invalid, already_exists or custom."""
    error = {"resource": resource, "field": name, "code": code}
    return ApiError(422, "Validation Failed", [error if message is None else {**error, "message": message}])


def malformed(message: str) -> ApiError:
    """A body that does not fit the endpoint's schema; such errors come without a list."""
    return ApiError(422, f"Invalid request.\n\n{message}")


@dataclass(frozen=True)
class Request:
    """A request of the API; `arguments` are the path's."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    caller: Caller
    arguments: Mapping[str, str]

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """The body. Raises `ApiError` when it is no JSON object."""
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            raise ApiError(400, "Problems parsing JSON") from None
        if not isinstance(body, dict):
            raise ApiError(400, "Body should be a JSON object")
        return body

    def number(self, name: str) -> int:
        """An id of the path. Raises `ApiError` when it is no number."""
        text = self.arguments[name]
        if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
            raise not_found()
        return int(text)


@dataclass(frozen=True)
class Answer:
    """An answer: `body` is bytes, or what becomes JSON; None is none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


def page_of[T](request: Request, url: str, items: Sequence[T]) -> tuple[list[T], dict[str, str]]:
    """The items that the request's `page` and `per_page` ask for, and the `Link` header to the others.

    Source: https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
    """
    page, size = _number(request, "page", 1), min(_number(request, "per_page", 30), MOST_PER_PAGE)
    last = max(1, -(-len(items) // size))
    others = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    wanted = {"prev", "first"} if page > 1 else set()
    wanted |= {"next", "last"} if page < last else set()
    links = [
        f'<{url}{request.path}?{urlencode(request.parameters | {"page": number})}>; rel="{name}"'
        for name, number in others.items()
        if name in wanted
    ]
    return list(items[(page - 1) * size : page * size]), {"link": ", ".join(links)} if links else {}


def _number(request: Request, name: str, default: int) -> int:
    text = request.parameters.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else default
