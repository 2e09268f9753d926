"""The repository, its branches and commits.

Sources: https://docs.github.com/en/rest/repos/repos, https://docs.github.com/en/rest/branches/branches and
https://docs.github.com/en/rest/commits/commits
"""

from __future__ import annotations

from typing import Any

from local.github import identity, payloads
from local.github.exchange import Answer, ApiError, Request
from local.github.git_repository import Commit
from local.github.rest import git_data
from local.github.rest.route import of_repository
from local.github.site import Site


def get(site: Site, request: Request) -> Answer:
    permissions = {"admin": False, "maintain": False, "push": False, "triage": False, "pull": True}
    more = {"permissions": permissions, "network_count": 0, "subscribers_count": 0}
    return Answer(200, payloads.repository(site) | more)


def commit_of(site: Site, name: str) -> str:
    """The SHA that the API takes `name` for. Raises `ApiError`."""
    sha = site.repository.commit_sha(name)
    if sha is None:
        raise ApiError(422, f"No commit found for SHA: {name}")
    return sha


def get_commit(site: Site, request: Request) -> Answer:
    """Without the files that it changes, which GitHub lists here: Farflow publishes trees, never differences."""
    return Answer(200, commit(site, site.repository.commits([commit_of(site, request.arguments["ref"])], most=1)[0]))


def commit(site: Site, found: Commit) -> dict[str, Any]:
    shared = git_data.commit(site, found)
    return {
        "sha": found.sha,
        "node_id": identity.node_id("C", found.sha),
        "commit": {
            **{name: shared[name] for name in ("author", "committer", "message", "tree", "verification")},
            "url": shared["url"],
            "comment_count": 0,
        },
        "url": f"{site.api_url}/commits/{found.sha}",
        "html_url": shared["html_url"],
        "comments_url": f"{site.api_url}/commits/{found.sha}/comments",
        "author": None,
        "committer": None,
        "parents": shared["parents"],
    }


def get_branch(site: Site, request: Request) -> Answer:
    name = request.arguments["branch"]
    sha = site.repository.refs(f"refs/heads/{name}").get(f"refs/heads/{name}")
    if sha is None:
        raise ApiError(404, "Branch not found")
    url = f"{site.api_url}/branches/{name}"
    body = {
        "name": name,
        "commit": commit(site, site.repository.commits([sha], most=1)[0]),
        "_links": {"self": url, "html": f"{site.html_url}/tree/{name}"},
        "protected": False,
        "protection": {
            "enabled": False,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": f"{url}/protection",
    }
    return Answer(200, body)


ROUTES = (
    of_repository("GET", "", "metadata:read", get),
    of_repository("GET", "/branches/{branch}", "contents:read", get_branch),
    of_repository("GET", "/commits/{ref}", "contents:read", get_commit),
)
