"""The App, its installation, and the installation's tokens.

Source: https://docs.github.com/en/rest/apps/apps
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.github import access, identity, payloads
from local.github.exchange import Answer, ApiError, Request, malformed, not_found
from local.github.rest.route import of_app
from local.github.site import Site


def get_app(site: Site, request: Request) -> Answer:
    return Answer(200, payloads.app(site) | {"client_id": identity.CLIENT_ID, "installations_count": 1})


def get_installation(site: Site, request: Request) -> Answer:
    asked = f"{request.arguments['owner']}/{request.arguments['name']}"
    if asked.lower() != site.full_name.lower():
        raise not_found()
    home = f"{site.url}/app/installations/{identity.INSTALLATION_ID}"
    body = {
        "id": identity.INSTALLATION_ID,
        "account": payloads.owner(site),
        "repository_selection": "selected",
        "access_tokens_url": f"{home}/access_tokens",
        "repositories_url": f"{site.url}/installation/repositories",
        "html_url": f"{site.url}/settings/installations/{identity.INSTALLATION_ID}",
        "app_id": identity.APP_ID,
        "app_slug": identity.APP_SLUG,
        "target_id": identity.OWNER_ID,
        "target_type": "User",
        "permissions": dict(identity.APP_PERMISSIONS),
        "events": payloads.app(site)["events"],
        "created_at": identity.CREATED_AT,
        "updated_at": identity.CREATED_AT,
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None,
        "suspended_at": None,
    }
    return Answer(200, body)


def create_token(site: Site, request: Request) -> Answer:
    """A token for an hour, of all that the App was granted or of less."""
    if request.number("installation_id") != identity.INSTALLATION_ID:
        raise not_found()
    wanted = request.json()
    _check_repositories(site, wanted)
    permissions = wanted.get("permissions")
    granted = access.Caller("installation", identity.APP_PERMISSIONS)
    if permissions is None:
        permissions = dict(identity.APP_PERMISSIONS)
    if not isinstance(permissions, dict):
        raise malformed("For 'properties/permissions', the value is not an object.")
    for name, level in permissions.items():
        if level not in access.LEVELS or not granted.may(name, level):
            raise ApiError(422, "The permissions requested are not granted to this installation.")
    token, expires_at = access.issue(site.store, permissions)
    body = {
        "token": token,
        "expires_at": datetime.fromtimestamp(expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "permissions": {**permissions, "metadata": "read"},
        "repository_selection": "selected",
    }
    if "repository_ids" in wanted or "repositories" in wanted:
        body["repositories"] = [payloads.repository(site)]
    return Answer(201, body)


def _check_repositories(site: Site, wanted: dict[str, Any]) -> None:
    ids, names = wanted.get("repository_ids", []), wanted.get("repositories", [])
    if not isinstance(ids, list) or not isinstance(names, list):
        raise malformed("For 'properties/repository_ids', the value is not an array.")
    known = all(each == identity.REPOSITORY_ID for each in ids) and all(each == site.name for each in names)
    if not known:
        raise ApiError(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )


ROUTES = (
    of_app("GET", "/app", get_app),
    of_app("GET", "/repos/{owner}/{name}/installation", get_installation),
    of_app("POST", "/app/installations/{installation_id}/access_tokens", create_token),
)
