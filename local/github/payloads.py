"""The objects that webhooks and API share: people, the repository, the App.

The shapes are those of https://github.com/octokit/openapi and https://github.com/octokit/webhooks, to which the tests hold them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.github import identity
from local.github.site import Site, now

REPOSITORY_ADDRESSES = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}

USER_ADDRESSES = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def user(site: Site, login: str, user_id: int, kind: str = "User") -> dict[str, Any]:
    """A person, or with kind Bot an App."""
    return {
        "login": login,
        "id": user_id,
        "node_id": identity.node_id("U", user_id),
        "avatar_url": f"{site.url}/avatars/{user_id}",
        "gravatar_id": "",
        "url": f"{site.url}/users/{login}",
        "html_url": f"{site.url}/{login}",
        **{name: f"{site.url}/users/{login}{path}" for name, path in USER_ADDRESSES.items()},
        "type": kind,
        "site_admin": False,
    }


def owner(site: Site) -> dict[str, Any]:
    return user(site, site.owner, identity.OWNER_ID)


def app_user(site: Site) -> dict[str, Any]:
    """In whose name the App writes."""
    return user(site, f"{identity.APP_SLUG}[bot]", identity.APP_USER_ID, "Bot")


def repository(site: Site) -> dict[str, Any]:
    """As in webhooks, and in the API with its `full-repository`."""
    host = site.url.partition("//")[2]
    return {
        "id": identity.REPOSITORY_ID,
        "node_id": identity.node_id("R", identity.REPOSITORY_ID),
        "name": site.name,
        "full_name": site.full_name,
        "private": True,
        "owner": owner(site),
        "html_url": site.html_url,
        "description": None,
        "fork": False,
        "url": site.api_url,
        **{name: f"{site.api_url}{path}" for name, path in REPOSITORY_ADDRESSES.items()},
        "created_at": identity.CREATED_AT,
        "updated_at": site.pushed_at,
        "pushed_at": site.pushed_at,
        "git_url": f"git://{host}/{site.full_name}.git",
        "ssh_url": f"git@{host}:{site.full_name}.git",
        "clone_url": f"{site.html_url}.git",
        "svn_url": site.html_url,
        "homepage": None,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": "Python",
        "has_issues": True,
        "has_projects": False,
        "has_downloads": False,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "mirror_url": None,
        "archived": False,
        "disabled": False,
        "open_issues_count": 0,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private",
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "default_branch": site.default_branch,
        "custom_properties": {},
    }


def pushed_repository(site: Site) -> dict[str, Any]:
    """As in push events, whose times are seconds since the epoch."""
    shared = repository(site)
    return shared | {
        "url": site.html_url,
        "created_at": int(datetime.fromisoformat(shared["created_at"]).timestamp()),
        "pushed_at": int(datetime.fromisoformat(shared["pushed_at"]).timestamp()),
        "owner": shared["owner"] | {"name": site.owner, "email": None},
        "stargazers": 0,
        "master_branch": site.default_branch,
    }


def app(site: Site) -> dict[str, Any]:
    return {
        "id": identity.APP_ID,
        "slug": identity.APP_SLUG,
        "node_id": identity.node_id("A", identity.APP_ID),
        "owner": owner(site),
        "name": "Farflow",
        "description": "Lints and delivers DAGs",
        "external_url": "https://github.com/farflow/farflow",
        "html_url": f"{site.url}/apps/{identity.APP_SLUG}",
        "created_at": identity.CREATED_AT,
        "updated_at": identity.CREATED_AT,
        "permissions": dict(identity.APP_PERMISSIONS),
        "events": list((site.webhooks.hook or {}).get("events", [])),
    }


def ping(site: Site) -> dict[str, Any]:
    """What a hook is told when it is set.

    Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#ping
    """
    set_hook = site.webhooks.hook or {}
    home = f"{site.url}/app/hook" if set_hook["type"] == "App" else f"{site.api_url}/hooks/{identity.HOOK_ID}"
    hook: dict[str, Any] = {
        "type": set_hook["type"],
        "id": identity.HOOK_ID,
        "name": "web",
        "active": True,
        "events": set_hook["events"],
        "config": {"content_type": "json", "url": set_hook["url"], "insecure_ssl": "0", "secret": "********"},
        "updated_at": set_hook["created_at"],
        "created_at": set_hook["created_at"],
        "url": home,
        "ping_url": f"{home}/pings",
        "deliveries_url": f"{home}/deliveries",
    }
    payload = {"zen": "Keep it logically awesome.", "hook_id": identity.HOOK_ID}
    if set_hook["type"] == "App":
        return payload | {"hook": {**hook, "app_id": identity.APP_ID}}
    unused = {"code": None, "status": "unused", "message": None}
    hook |= {"test_url": f"{home}/test", "last_response": unused}
    return payload | {"hook": hook, "repository": repository(site), "sender": owner(site)}


def touch(site: Site) -> None:
    """Remember that something was pushed just now."""
    site.store.set("pushed_at", now())
