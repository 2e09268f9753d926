"""A webhook's deliveries, and sending one again.

Sources: https://docs.github.com/en/rest/apps/webhooks (an App's hook) and
https://docs.github.com/en/rest/repos/webhooks (a repository's)
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from local.github import identity
from local.github.exchange import MOST_PER_PAGE, Answer, Request, malformed, not_found
from local.github.rest.route import of_app, of_repository
from local.github.site import Site

ITEM = (
    "id",
    "guid",
    "delivered_at",
    "redelivery",
    "duration",
    "status",
    "status_code",
    "event",
    "action",
    "installation_id",
    "repository_id",
)


def _check_hook(site: Site, request: Request) -> None:
    """The App's endpoints are for the App's hook, the repository's for the repository's."""
    kind = "Repository" if "hook_id" in request.arguments else "App"
    hook = site.webhooks.hook
    known = hook is not None and hook["type"] == kind
    if not known or (kind == "Repository" and request.number("hook_id") != identity.HOOK_ID):
        raise not_found()


def list_deliveries(site: Site, request: Request) -> Answer:
    """The newest first; `cursor`, from the `Link` header, goes on where a page ended."""
    _check_hook(site, request)
    asked = request.parameters
    size, cursor = asked.get("per_page", "30"), asked.get("cursor", "")
    if not (size.isascii() and size.isdigit() and (not cursor or (cursor.isascii() and cursor.isdigit()))):
        raise malformed("per_page and cursor are numbers")
    most = max(1, min(int(size), MOST_PER_PAGE))
    found = [each for each in site.webhooks.deliveries() if not cursor or each["id"] < int(cursor)]
    page = [{**{name: each[name] for name in ITEM}, "throttled_at": None} for each in found[:most]]
    following = urlencode({**asked, "cursor": page[-1]["id"]}) if len(found) > most else ""
    links = {"link": f'<{site.url}{request.path}?{following}>; rel="next"'} if following else {}
    return Answer(200, page, links)


def get_delivery(site: Site, request: Request) -> Answer:
    _check_hook(site, request)
    delivery = _delivery(site, request)
    body: dict[str, Any] = {name: delivery[name] for name in ITEM}
    body |= {
        "throttled_at": None,
        "url": delivery["url"],
        "request": {"headers": delivery["request_headers"], "payload": site.webhooks.payload(delivery["guid"])},
        "response": delivery["response"],
    }
    return Answer(200, body)


def _delivery(site: Site, request: Request) -> dict[str, Any]:
    delivery = site.store.get("delivery", request.number("delivery_id"))
    if delivery is None:
        raise not_found()
    return delivery


def redeliver(site: Site, request: Request) -> Answer:
    """Accepted, and sent later, under the same GUID."""
    _check_hook(site, request)
    site.webhooks.redeliver(_delivery(site, request)["id"])
    return Answer(202, {})


HOOK = "/hooks/{hook_id}/deliveries"
ROUTES = (
    of_app("GET", "/app/hook/deliveries", list_deliveries),
    of_app("GET", "/app/hook/deliveries/{delivery_id}", get_delivery),
    of_app("POST", "/app/hook/deliveries/{delivery_id}/attempts", redeliver),
    of_repository("GET", HOOK, "repository_hooks:read", list_deliveries),
    of_repository("GET", f"{HOOK}/{{delivery_id}}", "repository_hooks:read", get_delivery),
    of_repository("POST", f"{HOOK}/{{delivery_id}}/attempts", "repository_hooks:write", redeliver),
)
