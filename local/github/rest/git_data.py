"""Git's own objects: commits, trees, blobs, refs.

Source: https://docs.github.com/en/rest/git
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from local.github import identity
from local.github.exchange import Answer, ApiError, Request, not_found
from local.github.git_repository import Commit, Person
from local.github.rest.route import of_repository
from local.github.site import Site

MOST_ENTRIES = 100_000
MOST_TREE_BYTES = 7 * 1024 * 1024
MOST_BLOB_BYTES = 100 * 1024 * 1024
BASE64_LINE = 60
"""Characters between the line breaks in a blob's content."""


def _refuse_empty(site: Site) -> None:
    if site.repository.is_empty():
        raise ApiError(409, "Git Repository is empty.")


def get_ref(site: Site, request: Request) -> Answer:
    """A ref by its whole name, `heads/main`."""
    _refuse_empty(site)
    name = f"refs/{request.arguments['ref']}"
    sha = site.repository.refs(name).get(name)
    found = site.repository.object(sha) if sha else None
    if found is None:
        raise not_found()
    kind = f"{found.type}s"
    body = {
        "ref": name,
        "node_id": identity.node_id("REF", name),
        "url": f"{site.api_url}/git/{name}",
        "object": {"sha": found.sha, "type": found.type, "url": f"{site.api_url}/git/{kind}/{found.sha}"},
    }
    return Answer(200, body)


def get_commit(site: Site, request: Request) -> Answer:
    _refuse_empty(site)
    found = site.repository.object(request.arguments["sha"])
    if found is None or found.type != "commit":
        raise not_found()
    return Answer(200, commit(site, site.repository.commits([found.sha], most=1)[0]))


def commit(site: Site, found: Commit) -> dict[str, Any]:
    return {
        "sha": found.sha,
        "node_id": identity.node_id("C", found.sha),
        "url": f"{site.api_url}/git/commits/{found.sha}",
        "html_url": f"{site.html_url}/commit/{found.sha}",
        "author": _person(found.author),
        "committer": _person(found.committer),
        "tree": {"sha": found.tree, "url": f"{site.api_url}/git/trees/{found.tree}"},
        "message": found.message,
        "parents": [
            {
                "sha": sha,
                "url": f"{site.api_url}/git/commits/{sha}",
                "html_url": f"{site.html_url}/commit/{sha}",
            }
            for sha in found.parents
        ],
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def _person(person: Person) -> dict[str, str]:
    """With the date in UTC, unlike in webhooks."""
    date = datetime.fromisoformat(person.date).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"name": person.name, "email": person.email, "date": date}


def get_tree(site: Site, request: Request) -> Answer:
    """A tree by its SHA, a commit's, or a ref's name; `truncated` says that entries are missing."""
    _refuse_empty(site)
    name = request.arguments["sha"]
    found = site.repository.object(name)
    sha = found.sha if found is not None and found.type == "tree" else site.repository.commit_sha(name)
    if sha is None:
        raise not_found()
    most = site.faults.truncate_trees_at
    entries: list[dict[str, Any]] = []
    room, truncated = MOST_TREE_BYTES, False
    for each in site.repository.tree(sha, recursive="recursive" in request.parameters):
        entry: dict[str, Any] = {"path": each.path, "mode": each.mode, "type": each.type, "sha": each.sha}
        if each.size is not None:
            entry["size"] = each.size
        if each.type != "commit":
            entry["url"] = f"{site.api_url}/git/{each.type}s/{each.sha}"
        room -= len(json.dumps(entry))
        if room < 0 or len(entries) >= (MOST_ENTRIES if most is None else most):
            truncated = True
            break
        entries.append(entry)
    tree_sha = site.repository.commits([sha], most=1)[0].tree if found is None or found.type != "tree" else sha
    url = f"{site.api_url}/git/trees/{tree_sha}"
    return Answer(200, {"sha": tree_sha, "url": url, "tree": entries, "truncated": truncated})


def get_blob(site: Site, request: Request) -> Answer:
    _refuse_empty(site)
    found = site.repository.object(request.arguments["sha"])
    if found is None or found.type != "blob":
        raise not_found()
    if len(found.content) > MOST_BLOB_BYTES:
        raise ApiError(
            403,
            "This API returns blobs up to 100 MB in size. The requested blob is too large to fetch via the API, but you "
            "can always clone the repository via Git.",
            [{"resource": "Blob", "field": "data", "code": "too_large"}],
        )
    content = found.content
    if site.faults.take("corrupt_blobs"):
        content = bytes([content[0] ^ 1]) + content[1:] if content else b"\n"
    if ".raw" in request.headers.get("accept", ""):
        return Answer(200, content, {"content-type": "application/vnd.github.raw+json; charset=utf-8"})
    text = base64.b64encode(content).decode()
    body = {
        "sha": found.sha,
        "node_id": identity.node_id("B", found.sha),
        "size": len(found.content),
        "url": f"{site.api_url}/git/blobs/{found.sha}",
        "content": "".join(f"{text[start : start + BASE64_LINE]}\n" for start in range(0, len(text), BASE64_LINE)),
        "encoding": "base64",
    }
    return Answer(200, body)


ROUTES = (
    of_repository("GET", "/git/ref/{ref}", "contents:read", get_ref),
    of_repository("GET", "/git/commits/{sha}", "contents:read", get_commit),
    of_repository("GET", "/git/trees/{sha}", "contents:read", get_tree),
    of_repository("GET", "/git/blobs/{sha}", "contents:read", get_blob),
)
