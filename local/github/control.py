"""`/_local/…`: what a test or the demo does to the local GitHub, and what a person does in GitHub's pages.

    GET  /_local/state              repository, ids, what is set
    PUT  /_local/hook               {"url", "secret", "events"?, "type"?: "App" | "Repository"}; sends a ping
    PUT  /_local/app                {"public_key"}: PEM, or base64 of DER as KMS's GetPublicKey has it
    PUT  /_local/token              {"token", "permissions"?}: a personal access token
    PUT  /_local/repository         {"default_branch"}
    PUT  /_local/faults             the faults from now on; {} for none (see `faults.py`)
    GET  /_local/requests           calls of the API and for archives: method, path, host, kind of authorization, status
    GET  /_local/deliveries         the hook's deliveries, the newest first
    POST /_local/redeliver          {"id"}, or {} for every event whose last delivery failed
    POST /_local/pull_request       {"from": folder, "revision", "fork"?: "them/dags", "number"?, "action"?, "base"?, "title"?}
    POST /_local/rerequest          {"check_run_id"} or {"head_sha"}

Nobody is asked who they are: the server listens on loopback alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from local.github import access, identity, payloads
from local.github.exchange import Answer, ApiError, Request
from local.github.faults import FaultError
from local.github.git_process import GitError
from local.github.git_repository import REF_NAME
from local.github.pushes import NO_SHA
from local.github.rest import checks, pulls
from local.github.site import Site, now

EVENTS = ("push", "pull_request", "check_run", "check_suite")
PULL_ACTIONS = ("opened", "synchronize", "reopened")


def call(request: Request, status: int) -> dict[str, Any]:
    """What is kept of a call: of its credentials, the kind alone."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    kind = "none"
    query = re.sub(r"\btoken=[^&]*", "token=…", request.query)
    if scheme:
        kind = "installation" if credentials.startswith("ghs_") else "jwt" if credentials.startswith("ey") else "token"
    return {
        "method": request.method,
        "path": f"{request.path}?{query}" if query else request.path,
        "host": request.headers.get("host"),
        "authorization": kind,
        "status": status,
    }


def answer(site: Site, request: Request) -> Answer:
    handle = COMMANDS.get((request.method, request.path.removeprefix("/_local/")))
    if handle is None:
        return Answer(404, {"message": f"no such command; there are {', '.join(' '.join(each) for each in COMMANDS)}"})
    try:
        body = handle(site, request.json())
    except (ApiError, access.PublicKeyError, FaultError, GitError) as error:
        return Answer(422, {"message": str(error)})
    except KeyError as error:
        return Answer(422, {"message": f"{error.args[0]} is missing"})
    return Answer(200, body)


def get_state(site: Site, _: Mapping[str, Any]) -> dict[str, Any]:
    hook = site.webhooks.hook
    return {
        "repository": site.full_name,
        "repository_id": identity.REPOSITORY_ID,
        "default_branch": site.default_branch,
        "app_id": identity.APP_ID,
        "client_id": identity.CLIENT_ID,
        "installation_id": identity.INSTALLATION_ID,
        "hook_id": identity.HOOK_ID,
        "hook_url": hook["url"] if hook else None,
        "app_has_key": site.store.setting("public_key") is not None,
        "git_url": f"{site.html_url}.git",
    }


def put_hook(site: Site, wanted: Mapping[str, Any]) -> dict[str, Any]:
    kind = wanted.get("type", "App")
    if kind not in {"App", "Repository"}:
        raise ApiError(422, f"a hook's type is App or Repository, not {kind!r}")
    hook = {
        "url": wanted["url"],
        "secret": wanted["secret"],
        "events": list(wanted.get("events") or EVENTS),
        "type": kind,
        "created_at": now(),
    }
    site.store.set("hook", hook)
    return {"id": identity.HOOK_ID, "ping": site.webhooks.send("ping", payloads.ping(site))}


def put_app(site: Site, wanted: Mapping[str, Any]) -> dict[str, Any]:
    site.store.set("public_key", access.read_public_key(wanted["public_key"]))
    return {"app_id": identity.APP_ID, "installation_id": identity.INSTALLATION_ID}


def put_token(site: Site, wanted: Mapping[str, Any]) -> dict[str, Any]:
    access.register(site.store, wanted["token"], "token", wanted.get("permissions") or identity.TOKEN_PERMISSIONS)
    return {}


def put_repository(site: Site, wanted: Mapping[str, Any]) -> dict[str, Any]:
    branch = wanted["default_branch"]
    if not REF_NAME.fullmatch(branch):
        raise ApiError(422, f"{branch!r} is no name of a branch")
    site.repository.set_default_branch(branch)
    site.store.set("default_branch", branch)
    return {}


def put_faults(site: Site, wanted: Mapping[str, Any]) -> dict[str, Any]:
    site.faults.replace(dict(wanted))
    return {}


def get_requests(site: Site, _: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(site.calls)


def get_deliveries(site: Site, _: Mapping[str, Any]) -> list[dict[str, Any]]:
    return site.webhooks.deliveries()


def redeliver(site: Site, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """One, or everything that has not arrived yet."""
    if "id" in wanted:
        if not site.webhooks.redeliver(wanted["id"]):
            raise ApiError(422, "there is no such delivery")
        return {"redelivered": [wanted["id"]]}
    last: dict[str, dict[str, Any]] = {}
    for delivery in site.webhooks.deliveries():
        last.setdefault(delivery["guid"], delivery)
    failed = [each["id"] for each in last.values() if not 200 <= each["status_code"] < 300]
    for delivery_id in failed:
        site.webhooks.redeliver(delivery_id)
    return {"redelivered": failed}


def pull_request(site: Site, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Open one from a repository on this disk, or move the one of `number`; its commits become `refs/pull/N/head`."""
    action = wanted.get("action", "synchronize" if "number" in wanted else "opened")
    if action not in PULL_ACTIONS:
        raise ApiError(422, f"an action is one of {', '.join(PULL_ACTIONS)}")
    with site.writing:
        earlier = site.store.listed("pull")
        number = wanted.get("number", len(earlier) + 1)
        pull = next((each for each in earlier if each["number"] == number), None)
        if pull is None and "number" in wanted:
            raise ApiError(422, f"there is no pull request {number}")
        ref, revision = f"refs/pull/{number}/head", wanted["revision"]
        site.repository.fetch(wanted["from"], revision, ref)
        before = pull["head_sha"] if pull else None
        base = wanted.get("base", pull["base"] if pull else site.default_branch)
        changed = {
            "number": number,
            "title": wanted.get("title", pull["title"] if pull else "A proposal"),
            "base": base,
            "base_sha": site.repository.commit_sha(f"heads/{base}") or NO_SHA,
            "head": revision,
            "head_sha": site.repository.refs(ref)[ref],
            "fork": wanted.get("fork", pull["fork"] if pull else None),
            "created_at": pull["created_at"] if pull else now(),
            "updated_at": now(),
        }
        if pull:
            pull |= changed
            site.store.replace("pull", pull)
        else:
            pull = {**changed, "id": site.store.add("pull", changed)}
    payload = {
        "action": action,
        "number": number,
        "pull_request": pulls.pull_request(site, pull),
        "repository": payloads.repository(site),
        "sender": pulls.author(site, pull),
    }
    if action == "synchronize":
        payload |= {"before": before, "after": pull["head_sha"]}
    return {"number": number, "head_sha": pull["head_sha"], "delivery": site.webhooks.send("pull_request", payload)}


def rerequest(site: Site, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What the button "Re-run" of a check, or of all checks of a commit, does. Nothing is reset: that is the App's part.

    Source: https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run
    """
    if "check_run_id" in wanted:
        run = site.store.get("check_run", wanted["check_run_id"])
        if run is None:
            raise ApiError(422, "there is no such check run")
        told = checks.check_run(site, run) | {"check_suite": _suite(site, run["head_sha"])}
        event, subject = "check_run", {"check_run": told}
    else:
        sha = wanted["head_sha"]
        suite = _suite(site, sha) | {
            "latest_check_runs_count": site.store.count("check_run", sha),
        }
        suite["check_runs_url"] = f"{suite['url']}/check-runs"
        commit = site.repository.commits([sha], most=1)[0]
        people = {
            name: {"name": person.name, "email": person.email}
            for name, person in (("author", commit.author), ("committer", commit.committer))
        }
        head = {"id": sha, "tree_id": commit.tree, "message": commit.message, "timestamp": commit.committer.date}
        event, subject = "check_suite", {"check_suite": {**suite, "head_commit": {**head, **people}}}
    payload = {
        "action": "rerequested",
        **subject,
        "repository": payloads.repository(site),
        "sender": payloads.owner(site),
    }
    return {"delivery": site.webhooks.send(event, payload)}


def _suite(site: Site, sha: str) -> dict[str, Any]:
    """`head_branch` is a branch whose head the commit is; null when there is none."""
    suite_id = checks.suite(site, sha)
    refs = site.repository.refs("refs/heads")
    runs = site.store.listed("check_run", sha)
    branch = next((name.removeprefix("refs/heads/") for name, head in refs.items() if head == sha), None)
    return {
        "id": suite_id,
        "node_id": identity.node_id("CS", suite_id),
        "head_branch": branch,
        "head_sha": sha,
        "status": "completed",
        "conclusion": runs[-1]["conclusion"] if runs else None,
        "url": f"{site.api_url}/check-suites/{suite_id}",
        "before": None,
        "after": sha,
        "pull_requests": [],
        "app": payloads.app(site),
        "created_at": now(),
        "updated_at": now(),
    }


COMMANDS: Mapping[tuple[str, str], Callable[[Site, Mapping[str, Any]], Any]] = {
    ("GET", "state"): get_state,
    ("PUT", "hook"): put_hook,
    ("PUT", "app"): put_app,
    ("PUT", "token"): put_token,
    ("PUT", "repository"): put_repository,
    ("PUT", "faults"): put_faults,
    ("GET", "requests"): get_requests,
    ("GET", "deliveries"): get_deliveries,
    ("POST", "redeliver"): redeliver,
    ("POST", "pull_request"): pull_request,
    ("POST", "rerequest"): rerequest,
}
