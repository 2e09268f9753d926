"""What an endpoint is: a path, who may call it, and what answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from local.github.exchange import Answer, Request
from local.github.site import Site

Handle = Callable[[Site, Request], Answer]
SLASHED = frozenset({"ref", "branch"})
"""Arguments that may have slashes of their own."""


@dataclass(frozen=True)
class Route:
    """`pattern` matches the whole path; `permission` is a name and read or write; without, only the App may call it."""

    method: str
    pattern: re.Pattern[str]
    permission: tuple[str, str] | None
    handle: Handle
    anybody: bool = False


def of_repository(method: str, path: str, permission: str, handle: Handle) -> Route:
    """Below both `/repos/{owner}/{name}` and `/repositories/{id}`; `permission` as `contents:read`."""
    name, _, level = permission.partition(":")
    start = r"/(?:repos/(?P<full_name>[^/]+/[^/]+)|repositories/(?P<repository_id>[0-9]+))"
    return Route(method, re.compile(start + _pattern(path)), (name, level), handle)


def of_app(method: str, path: str, handle: Handle) -> Route:
    """For the App's JSON Web Token alone."""
    return Route(method, re.compile(_pattern(path)), None, handle)


def of_anybody(method: str, path: str, handle: Handle) -> Route:
    return Route(method, re.compile(_pattern(path)), None, handle, anybody=True)


def _pattern(path: str) -> str:
    def group(found: re.Match[str]) -> str:
        return f"(?P<{found[1]}>{'.+' if found[1] in SLASHED else '[^/]+'})"

    return re.sub(r"\{(\w+)\}", group, path)
