"""How many calls are left in the hour, which every answer says, and how many of one endpoint in a minute, which none does.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import Any

from local.github import identity
from local.github.exchange import Answer, ApiError, Request
from local.github.rest.route import of_anybody
from local.github.site import Site

CALLS_PER_HOUR = 5000
HOUR_SECONDS = 3600
MINUTE_SECONDS = 60
POINTS_OF_A_CHANGE = 5
EXCEEDED = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


def count(site: Site, request: Request) -> dict[str, str]:
    """Count the call; the headers of its answer. Raises `ApiError` when there are no calls left."""
    if request.path == "/rate_limit":
        return _headers(_state(site))
    with site.writing:
        state = _state(site)
        if state["remaining"] <= 0:
            message = f"API rate limit exceeded for installation ID {identity.INSTALLATION_ID}."
            raise ApiError(403, message, headers=_headers(state))
        if site.faults.rate_limit_remaining is not None:
            site.faults.rate_limit_remaining -= 1
        site.calls_this_hour += 1
        return _headers(_state(site))


def count_points(site: Site, endpoint: str, method: str) -> None:
    """Count the call of an endpoint. Raises `ApiError` when there were too many within a minute.

    Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
    """
    now = time.monotonic()
    with site.writing:
        recent = site.points.setdefault(endpoint, deque())
        while recent and recent[0][0] <= now - MINUTE_SECONDS:
            recent.popleft()
        points = 1 if method == "GET" else POINTS_OF_A_CHANGE
        most = site.faults.points_per_minute
        if most is not None and sum(each for _, each in recent) + points > most:
            wait = math.ceil(recent[0][0] + MINUTE_SECONDS - now) if recent else MINUTE_SECONDS
            raise ApiError(403, EXCEEDED, headers={"retry-after": str(wait)})
        recent.append((now, points))


def _state(site: Site) -> dict[str, Any]:
    now = int(time.time())
    hour = now - now % HOUR_SECONDS
    if site.hour != hour:
        site.hour, site.calls_this_hour = hour, 0
    forced = site.faults.rate_limit_remaining
    remaining = max(0, CALLS_PER_HOUR - site.calls_this_hour if forced is None else forced)
    return {
        "limit": CALLS_PER_HOUR,
        "remaining": remaining,
        "reset": hour + HOUR_SECONDS,
        "used": CALLS_PER_HOUR - remaining,
        "resource": "core",
    }


def _headers(state: dict[str, Any]) -> dict[str, str]:
    return {f"x-ratelimit-{name}": str(value) for name, value in state.items()}


def get(site: Site, request: Request) -> Answer:
    core = {name: value for name, value in _state(site).items() if name != "resource"}
    return Answer(200, {"resources": {"core": core, "search": core}, "rate": core})


ROUTES = (of_anybody("GET", "/rate_limit", get),)
