"""Check runs and their annotations.

Source: https://docs.github.com/en/rest/checks/runs
"""

from __future__ import annotations

from typing import Any

from local.github import identity, payloads
from local.github.exchange import Answer, Request, not_found, page_of
from local.github.rest import check_run_input
from local.github.rest.repositories import commit_of
from local.github.rest.route import of_repository
from local.github.site import Site, now

KEPT = ("name", "external_id", "details_url", "status", "conclusion", "started_at", "completed_at")
OUTPUT = ("title", "summary", "text")


def create(site: Site, request: Request) -> Answer:
    wanted = request.json()
    check_run_input.check(wanted, required=("name", "head_sha"), output_required=("title", "summary"))
    sha = commit_of(site, wanted["head_sha"])
    run: dict[str, Any] = {
        **dict.fromkeys((*KEPT, *OUTPUT)),
        "head_sha": sha,
        "status": "queued",
        "started_at": now(),
        "details_url": payloads.app(site)["external_url"],
        "check_suite": suite(site, sha),
        "annotations_count": 0,
    }
    run["id"] = site.store.add("check_run", run, parent=sha)
    _update(site, run, wanted)
    return Answer(201, check_run(site, run))


def update(site: Site, request: Request) -> Answer:
    """Annotations are added to those there are; everything else that is said replaces what was."""
    run = _run(site, request)
    wanted = request.json()
    check_run_input.check(wanted, required=(), output_required=("summary",))
    _update(site, run, wanted)
    return Answer(200, check_run(site, run))


def _update(site: Site, run: dict[str, Any], wanted: dict[str, Any]) -> None:
    run |= {name: wanted[name] for name in KEPT if wanted.get(name) is not None}
    if wanted.get("conclusion"):
        run["status"] = "completed"
        run["completed_at"] = wanted.get("completed_at") or now()
    elif wanted.get("status"):
        run["conclusion"] = run["completed_at"] = None
    output = wanted.get("output") or {}
    run |= {name: output[name] for name in OUTPUT if output.get(name) is not None}
    annotations = output.get("annotations") or []
    site.store.add_all("annotation", annotations, parent=str(run["id"]))
    run["annotations_count"] += len(annotations)
    site.store.replace("check_run", run)


def suite(site: Site, sha: str) -> int:
    """The App has one suite per commit."""
    suites = site.store.listed("check_suite", sha)
    return suites[0]["id"] if suites else site.store.add("check_suite", {}, parent=sha)


def _run(site: Site, request: Request) -> dict[str, Any]:
    run = site.store.get("check_run", request.number("check_run_id"))
    if run is None:
        raise not_found()
    return run


def check_run(site: Site, run: dict[str, Any]) -> dict[str, Any]:
    url = f"{site.api_url}/check-runs/{run['id']}"
    return {
        **{name: run[name] for name in ("id", "head_sha", *KEPT)},
        "external_id": run["external_id"] or "",
        "node_id": identity.node_id("CR", run["id"]),
        "url": url,
        "html_url": f"{site.html_url}/commit/{run['head_sha']}#check-{run['id']}",
        "output": {
            **{name: run[name] for name in OUTPUT},
            "annotations_count": run["annotations_count"],
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": run["check_suite"]},
        "app": payloads.app(site),
        "pull_requests": [],
    }


def get(site: Site, request: Request) -> Answer:
    return Answer(200, check_run(site, _run(site, request)))


def list_annotations(site: Site, request: Request) -> Answer:
    run = _run(site, request)
    annotations, links = page_of(request, site.url, site.store.listed("annotation", str(run["id"])))
    optional = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
    body = [
        {
            **optional,
            **{name: value for name, value in each.items() if name != "id"},
            "blob_href": f"{site.html_url}/blob/{run['head_sha']}/{each['path']}",
        }
        for each in annotations
    ]
    return Answer(200, body, links)


def list_of_commit(site: Site, request: Request) -> Answer:
    """Of runs with the same name the newest alone, unless `filter=all` asks for every one; the newest first."""
    runs = site.store.listed("check_run", commit_of(site, request.arguments["ref"]))
    asked = request.parameters
    if asked.get("filter", "latest") == "latest":
        newest = {run["name"]: run["id"] for run in runs}
        runs = [run for run in runs if newest[run["name"]] == run["id"]]
    for parameter, name in (("check_name", "name"), ("status", "status")):
        if parameter in asked:
            runs = [run for run in runs if run[name] == asked[parameter]]
    found, links = page_of(request, site.url, runs[::-1])
    return Answer(200, {"total_count": len(runs), "check_runs": [check_run(site, run) for run in found]}, links)


ROUTES = (
    of_repository("POST", "/check-runs", "checks:write", create),
    of_repository("PATCH", "/check-runs/{check_run_id}", "checks:write", update),
    of_repository("GET", "/check-runs/{check_run_id}", "checks:read", get),
    of_repository("GET", "/check-runs/{check_run_id}/annotations", "checks:read", list_annotations),
    of_repository("GET", "/commits/{ref}/check-runs", "checks:read", list_of_commit),
)
