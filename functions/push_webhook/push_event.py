"""What a delivery of GitHub asks for: to judge a commit, or nothing.

No URL of a payload is ever read, and no list of commits: those are cut off at 2048, and a commit's files at 3000.
Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from control_plane.push_work import Event, PushWork, PushWorkError, is_delivery, is_no_commit, is_ref, is_sha

BRANCH = "refs/heads/"
TAG = "refs/tags/"


@dataclass(frozen=True)
class Configuration:
    """What this installation listens to."""

    repository: str
    """owner/name, in any case."""
    deploy_branch: str


@dataclass(frozen=True)
class Verdict:
    """How to answer: a status, a word for machines and a reason for people. With `work`, that is to be queued first."""

    status: int
    word: str
    reason: str
    work: PushWork | None = None
    metric: str | None = None
    """What is counted, besides the word."""


class PayloadError(Exception):
    """The payload is none that GitHub documents for the event; the message says where."""


def classify(event: str, delivery: str, payload: object, configuration: Configuration) -> Verdict:
    """Decide what a signed delivery asks for. `event` and `delivery` are headers, which nobody signs."""
    if not is_delivery(delivery):
        return Verdict(400, "malformed", "X-GitHub-Delivery is no delivery's id")
    decide = _DECISIONS.get(event)
    if decide is None:
        return _ignored(f"event {event[:64]!a}")
    try:
        fields = _Fields(payload)
        if event != "ping" and fields.text("repository", "full_name").lower() != configuration.repository.lower():
            return Verdict(200, "ignored", "not the configured repository", metric="UnknownRepository")
        return decide(fields, delivery, configuration)
    except (PayloadError, PushWorkError) as error:
        return Verdict(400, "malformed", str(error))


class _Fields:
    """Reads a payload by path and raises `PayloadError` where something is missing or of another type."""

    def __init__(self, payload: object) -> None:
        if not isinstance(payload, Mapping):
            raise PayloadError("the payload is no object")
        self._payload = payload

    def find(self, *path: str) -> Any:
        """None when it is not there, or null, or below something that is null."""
        found: Any = self._payload
        for depth, name in enumerate(path):
            if found is None:
                return None
            if not isinstance(found, Mapping):
                raise PayloadError(f"{'.'.join(path[:depth])} is no object")
            found = found.get(name)
        return found

    def text(self, *path: str) -> str:
        return self._of(str, "text", path)

    def flag(self, *path: str) -> bool:
        return self._of(bool, "boolean", path)

    def number(self, *path: str) -> int:
        found = self.optional_number(*path)
        if found is None:
            raise PayloadError(f"{'.'.join(path)} is missing")
        return found

    def optional_number(self, *path: str) -> int | None:
        found = self.find(*path)
        if found is not None and (not isinstance(found, int) or isinstance(found, bool)):
            raise PayloadError(f"{'.'.join(path)} is no number")
        return found

    def sha(self, *path: str) -> str:
        found = self.text(*path)
        if not is_sha(found):
            raise PayloadError(f"{'.'.join(path)} is no commit's id")
        return found

    def _of[Kind](self, kind: type[Kind], name: str, path: tuple[str, ...]) -> Kind:
        found = self.find(*path)
        if found is None:
            raise PayloadError(f"{'.'.join(path)} is missing")
        if not isinstance(found, kind):
            raise PayloadError(f"{'.'.join(path)} is no {name}")
        return found


def _ignored(reason: str) -> Verdict:
    return Verdict(200, "ignored", reason)


def _accepted(
    fields: _Fields,
    delivery: str,
    event: Event,
    *,
    ref: str,
    after: str,
    before: str = "",
    forced: bool = False,
    trusted: bool,
) -> Verdict:
    work = PushWork(
        delivery=delivery,
        event=event,
        repository_id=fields.number("repository", "id"),
        installation_id=fields.optional_number("installation", "id"),
        ref=ref,
        before=before,
        after=after,
        forced=forced,
        trusted=trusted,
    )
    return Verdict(202, "accepted", f"{after} will be judged", work)


def _ping(fields: _Fields, delivery: str, configuration: Configuration) -> Verdict:
    return Verdict(200, "pong", f"hook {fields.optional_number('hook_id')}")


def _push(fields: _Fields, delivery: str, configuration: Configuration) -> Verdict:
    ref, before, after = fields.text("ref"), fields.sha("before"), fields.sha("after")
    deleted, forced = fields.flag("deleted"), fields.flag("forced")
    if not is_ref(ref):
        raise PayloadError("ref is no ref")
    if ref.startswith(TAG):
        return _ignored("a tag")
    if not ref.startswith(BRANCH):
        return _ignored("no branch")
    if deleted or is_no_commit(after):
        if ref == BRANCH + configuration.deploy_branch:
            reason = "the deploy branch was deleted: what is served is served on"
            return Verdict(200, "deleted", reason, metric="DeployBranchDeleted")
        return Verdict(200, "deleted", "a branch that is not published")
    return _accepted(fields, delivery, "push", ref=ref, before=before, after=after, forced=forced, trusted=True)


def _pull_request(fields: _Fields, delivery: str, configuration: Configuration) -> Verdict:
    action = fields.text("action")
    if action not in {"opened", "synchronize", "reopened"}:
        return _ignored(f"action {action[:64]!a}")
    # A fork that is deleted by now has no repository any more: no reason to trust it.
    if fields.optional_number("pull_request", "head", "repo", "id") == fields.number("repository", "id"):
        return _ignored("the push of the same commit covers it")
    return _accepted(
        fields,
        delivery,
        "pull_request",
        ref=f"refs/pull/{fields.number('number')}/head",
        after=fields.sha("pull_request", "head", "sha"),
        trusted=False,
    )


def _check_run(fields: _Fields, delivery: str, configuration: Configuration) -> Verdict:
    return _check(fields, delivery, ("check_run",), ("check_run", "check_suite"))


def _check_suite(fields: _Fields, delivery: str, configuration: Configuration) -> Verdict:
    return _check(fields, delivery, ("check_suite",), ("check_suite",))


def _check(fields: _Fields, delivery: str, check: tuple[str, ...], suite: tuple[str, ...]) -> Verdict:
    action = fields.text("action")
    if action != "rerequested":
        return _ignored(f"action {action[:64]!a}")
    # GitHub knows a check's branch only where it was pushed to this repository, never for a fork:
    # https://docs.github.com/en/rest/checks/suites
    branch = "" if fields.find(*suite, "head_branch") is None else fields.text(*suite, "head_branch")
    ref = BRANCH + branch if branch else ""
    return _accepted(
        fields, delivery, "check_rerequested", ref=ref, after=fields.sha(*check, "head_sha"), trusted=bool(branch)
    )


_DECISIONS = {
    "ping": _ping,
    "push": _push,
    "pull_request": _pull_request,
    "check_run": _check_run,
    "check_suite": _check_suite,
}
