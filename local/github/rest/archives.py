"""Archives, which the API itself does not send: it says where they are.

Source: https://docs.github.com/en/rest/repos/contents#download-a-repository-archive-tar
"""

from __future__ import annotations

from local.github import codeload
from local.github.exchange import Answer, Request
from local.github.rest.route import of_repository
from local.github.site import Site


def get_tarball(site: Site, request: Request) -> Answer:
    """A link, also to what there is not: that shows where it leads."""
    location = codeload.link(site, request.arguments["ref"])
    return Answer(302, None, {"location": location, "content-type": "text/html;charset=utf-8"})


ROUTES = (of_repository("GET", "/tarball/{ref}", "contents:read", get_tarball),)
