"""Pull requests, as far as a fork's reach Farflow.

Source: https://docs.github.com/en/rest/pulls/pulls
"""

from __future__ import annotations

from typing import Any

from local.github import identity, payloads
from local.github.exchange import Answer, Request, not_found
from local.github.rest.route import of_repository
from local.github.site import Site

ADDRESSES = {
    "html": "",
    "diff": ".diff",
    "patch": ".patch",
}
STRANGER_ID = 7_110_043


def get(site: Site, request: Request) -> Answer:
    number = request.number("number")
    found = next((each for each in site.store.listed("pull") if each["number"] == number), None)
    if found is None:
        raise not_found()
    return Answer(200, pull_request(site, found))


def _fork(site: Site, full_name: str) -> dict[str, Any]:
    """The repository from which a stranger proposes."""
    parent = payloads.repository(site)
    login, _, name = full_name.partition("/")
    moved = {
        key: value.replace(f"/{site.full_name}", f"/{full_name}") if isinstance(value, str) else value
        for key, value in parent.items()
    }
    return moved | {
        "id": identity.REPOSITORY_ID + 1,
        "node_id": identity.node_id("R", identity.REPOSITORY_ID + 1),
        "name": name,
        "full_name": full_name,
        "owner": payloads.user(site, login, STRANGER_ID),
        "fork": True,
    }


def author(site: Site, pull: dict[str, Any]) -> dict[str, Any]:
    """Who opened it."""
    if pull["fork"]:
        return payloads.user(site, pull["fork"].partition("/")[0], STRANGER_ID)
    return payloads.owner(site)


def pull_request(site: Site, pull: dict[str, Any]) -> dict[str, Any]:
    """As in the API and in webhooks; `pull` has number, title, base, base_sha, head, head_sha, fork, times."""
    number = pull["number"]
    url, issue = f"{site.api_url}/pulls/{number}", f"{site.api_url}/issues/{number}"
    parent = payloads.repository(site)
    head_repository = _fork(site, pull["fork"]) if pull["fork"] else parent
    links = {
        "self": url,
        "html": f"{site.html_url}/pull/{number}",
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{site.api_url}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{site.api_url}/statuses/{pull['head_sha']}",
    }
    return {
        "id": pull["id"],
        "node_id": identity.node_id("PR", pull["id"]),
        "number": number,
        "state": "open",
        "locked": False,
        "title": pull["title"],
        "user": author(site, pull),
        "body": None,
        "created_at": pull["created_at"],
        "updated_at": pull["updated_at"],
        "closed_at": None,
        "merged_at": None,
        "merge_commit_sha": None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
        "draft": False,
        "url": url,
        **{f"{name}_url": f"{site.html_url}/pull/{number}{suffix}" for name, suffix in ADDRESSES.items()},
        "issue_url": issue,
        **{f"{name}_url": links[name] for name in links if name not in {"self", "html", "issue"}},
        "head": _end(site, pull["head"], pull["head_sha"], head_repository),
        "base": _end(site, pull["base"], pull["base_sha"], parent),
        "_links": {name: {"href": value} for name, value in links.items()},
        "author_association": "NONE" if pull["fork"] else "OWNER",
        "auto_merge": None,
        "active_lock_reason": None,
        "merged": False,
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "merged_by": None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": 1,
        "additions": 0,
        "deletions": 0,
        "changed_files": 0,
    }


def _end(site: Site, ref: str, sha: str, repository: dict[str, Any]) -> dict[str, Any]:
    login = repository["owner"]["login"]
    return {"label": f"{login}:{ref}", "ref": ref, "sha": sha, "user": repository["owner"], "repo": repository}


ROUTES = (of_repository("GET", "/pulls/{number}", "pull_requests:read", get),)
