"""From a request of the API to the endpoint that answers, past the checks that all of them share.

Sources: https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps and
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from urllib.parse import unquote

from local.github import access, identity
from local.github.exchange import Answer, ApiError, Request, not_found
from local.github.rest import apps, archives, checks, deliveries, git_data, pulls, rate_limit, repositories, statuses
from local.github.rest.route import Route
from local.github.site import Site

ROUTES = (
    *rate_limit.ROUTES,
    *apps.ROUTES,
    *deliveries.ROUTES,
    *git_data.ROUTES,
    *archives.ROUTES,
    *checks.ROUTES,
    *statuses.ROUTES,
    *pulls.ROUTES,
    *repositories.ROUTES,
)
"""The first that fits answers."""


def answer(site: Site, request: Request) -> Answer:
    """The API's answer, errors included."""
    limit: dict[str, str] = {}
    try:
        caller = access.identify(site.store, request.headers.get("authorization"))
        limit = rate_limit.count(site, request)
        found = _answer(site, replace(request, caller=caller))
    except access.CredentialsError as error:
        refused = ApiError(error.status, str(error))
        return Answer(refused.status, refused.body)
    except ApiError as error:
        return Answer(error.status, error.body, {**limit, **error.headers})
    return replace(found, headers={**limit, **found.headers})


def _answer(site: Site, request: Request) -> Answer:
    if not request.headers.get("user-agent"):
        raise ApiError(
            403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header"
        )
    for route in ROUTES:
        match = route.pattern.fullmatch(request.path)
        if match and route.method == request.method:
            arguments = {name: unquote(value) for name, value in match.groupdict().items() if value is not None}
            _admit(site, request, route, arguments)
            rate_limit.count_points(site, f"{route.method} {route.pattern.pattern}", request.method)
            with site.writing if request.method != "GET" else contextlib.nullcontext():
                return route.handle(site, replace(request, arguments=arguments))
    raise not_found()


def _admit(site: Site, request: Request, route: Route, arguments: dict[str, str]) -> None:
    """Raises `ApiError` unless the caller may."""
    caller = request.caller
    if route.anybody:
        return
    if route.permission is None:
        if caller.kind != "app":
            raise ApiError(401, access.NO_JWT)
        return
    full_name = arguments.get("full_name", site.full_name)
    repository_id = arguments.get("repository_id", str(identity.REPOSITORY_ID))
    known = full_name.lower() == site.full_name.lower() and repository_id == str(identity.REPOSITORY_ID)
    if not known or caller.kind == "none":
        raise not_found()
    if caller.may(*route.permission):
        return
    if caller.kind == "token" and route.permission == ("checks", "write"):
        raise ApiError(403, "You must authenticate via a GitHub App.")
    if caller.kind == "token":
        raise ApiError(403, "Resource not accessible by personal access token")
    raise ApiError(403, "Resource not accessible by integration")
