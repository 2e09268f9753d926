"""Commit statuses.

Source: https://docs.github.com/en/rest/commits/statuses
"""

from __future__ import annotations

from typing import Any

from local.github import identity, payloads
from local.github.exchange import Answer, ApiError, Request, invalid, page_of
from local.github.rest.repositories import commit_of
from local.github.rest.route import of_repository
from local.github.site import Site, now

STATES = ("error", "failure", "pending", "success")
MOST_DESCRIPTION = 140
MOST_PER_CONTEXT = 1000


def create(site: Site, request: Request) -> Answer:
    wanted, sha = request.json(), commit_of(site, request.arguments["sha"])
    state, description = wanted.get("state"), wanted.get("description")
    context = str(wanted.get("context") or "default")
    if state not in STATES:
        raise invalid("Status", "state", "custom", "state is not included in the list")
    if description is not None and len(str(description)) > MOST_DESCRIPTION:
        message = f"description is too long (maximum is {MOST_DESCRIPTION} characters)"
        raise invalid("Status", "description", "custom", message)
    earlier = [each for each in site.store.listed("status", sha) if each["context"].lower() == context.lower()]
    if len(earlier) >= MOST_PER_CONTEXT:
        raise ApiError(
            422, "Validation Failed", [{"message": "This SHA and context has reached the maximum number of statuses."}]
        )
    body = {
        "sha": sha,
        "state": state,
        "description": description,
        "target_url": wanted.get("target_url"),
        "context": context,
        "created_at": now(),
        "by_app": request.caller.kind == "installation",
    }
    status_id = site.store.add("status", body, parent=sha)
    return Answer(201, _status(site, {**body, "id": status_id}))


def _status(site: Site, status: dict[str, Any]) -> dict[str, Any]:
    creator = payloads.app_user(site) if status["by_app"] else payloads.owner(site)
    return _short(site, status) | {"creator": creator}


def _short(site: Site, status: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: status[name] for name in ("id", "state", "description", "target_url", "context", "created_at")},
        "node_id": identity.node_id("SC", status["id"]),
        "url": f"{site.api_url}/statuses/{status['sha']}",
        "avatar_url": f"{site.url}/avatars/{identity.APP_USER_ID}",
        "updated_at": status["created_at"],
    }


def latest(site: Site, sha: str) -> list[dict[str, Any]]:
    """The last status of each context."""
    return list({each["context"].lower(): each for each in site.store.listed("status", sha)}.values())


def list_statuses(site: Site, request: Request) -> Answer:
    """The newest first."""
    sha = commit_of(site, request.arguments["ref"])
    statuses, links = page_of(request, site.url, site.store.listed("status", sha)[::-1])
    return Answer(200, [_status(site, each) for each in statuses], links)


def combined(site: Site, request: Request) -> Answer:
    sha = commit_of(site, request.arguments["ref"])
    every = latest(site, sha)
    states = {each["state"] for each in every}
    state = "failure" if states & {"error", "failure"} else "success" if states == {"success"} else "pending"
    statuses, links = page_of(request, site.url, every)
    body = {
        "state": state,
        "statuses": [_short(site, each) for each in statuses],
        "sha": sha,
        "total_count": len(every),
        "repository": payloads.repository(site),
        "commit_url": f"{site.api_url}/commits/{sha}",
        "url": f"{site.api_url}/commits/{sha}/status",
    }
    return Answer(200, body, links)


ROUTES = (
    of_repository("POST", "/statuses/{sha}", "statuses:write", create),
    of_repository("GET", "/commits/{ref}/statuses", "statuses:read", list_statuses),
    of_repository("GET", "/commits/{ref}/status", "statuses:read", combined),
)
