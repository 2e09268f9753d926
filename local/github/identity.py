"""Who and what there is on the local GitHub: one owner, one private repository, one App, installed once."""

from __future__ import annotations

from collections.abc import Mapping

DEFAULT_REPOSITORY = "farflow/dags"
DEFAULT_BRANCH = "main"

REPOSITORY_ID = 710203405
OWNER_ID = 5302418
APP_ID = 987654
CLIENT_ID = "Iv23liLocalFarflow00"
APP_SLUG = "farflow"
APP_USER_ID = 81726354
INSTALLATION_ID = 24681357
HOOK_ID = 451236789

APP_PERMISSIONS: Mapping[str, str] = {
    "checks": "write",
    "contents": "read",
    "metadata": "read",
    "pull_requests": "read",
    "statuses": "write",
}
"""What the owner granted to the App at its installation."""

TOKEN_PERMISSIONS: Mapping[str, str] = {
    "contents": "read",
    "metadata": "read",
    "pull_requests": "read",
    "repository_hooks": "write",
    "statuses": "write",
}
"""What a personal access token may, unless `PUT /_local/token` says otherwise."""

CREATED_AT = "2026-01-05T08:00:00Z"


def node_id(kind: str, number: int | str) -> str:
    """A global node id: opaque to clients.

    Source: https://docs.github.com/en/graphql/guides/using-global-node-ids
    """
    return f"{kind}_local{number}"
