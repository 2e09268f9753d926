"""Tells GitHub of a commit: first that it is being judged, then the verdict, as a check run or as a commit status.

Sources: https://docs.github.com/en/rest/checks/runs and https://docs.github.com/en/rest/commits/statuses
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched
from typing import Any, Literal, Protocol

from control_plane.observability import logger

from .github_api import GitHubApi, GitHubResponseError, GitHubUnavailableError, GitHubUnprocessableError
from .report_text import (
    ANNOTATIONS_PER_REQUEST,
    DESCRIPTION_CHARACTERS,
    TEXT_CHARACTERS,
    TITLE_CHARACTERS,
    Finding,
    annotations_of,
    clean,
    cut,
    ordered,
    text_of,
)

NAME = "farflow/dags"
"""By which a branch's rules can require it."""

FORK_NAME = "farflow/dags (fork)"
"""Of what is not trusted, and so never imported. One commit can be both, and its newest check of a name is what counts."""

ATTEMPTS = 3
PAGE = 100

Conclusion = Literal["success", "failure", "error"]


@dataclass(frozen=True)
class Judgement:
    """What is told. `title` is one line of text, `summary` Markdown that the gate wrote itself.

    "error" says that the gate itself failed, which is never a pass.
    """

    conclusion: Conclusion
    title: str
    summary: str
    findings: Sequence[Finding] = ()


class Report(Protocol):
    """Where a commit's judgement is told. Both methods may be repeated, and raise `GitHubError`."""

    def pending(self, commit: str, delivery: str) -> None:
        """It is being judged."""
        ...

    def finish(self, commit: str, delivery: str, judgement: Judgement) -> None:
        """It was judged."""
        ...


class CheckRunReport:
    """A check run for each delivery: needs an App. Annotations are relative to `folder`, the DAG folder."""

    def __init__(
        self, api: GitHubApi, repository_id: int, folder: str, now: Callable[[], datetime], name: str = NAME
    ) -> None:
        self._api = api
        self._base = f"/repositories/{repository_id}"
        self._folder = folder
        self._now = now
        self._name = name

    def pending(self, commit: str, delivery: str) -> None:
        """Where the delivery has a check run already, that one is opened again."""
        run = self._find_or_create(commit, delivery)
        if run["status"] == "completed":
            self._update(run, {"status": "in_progress"})

    def finish(self, commit: str, delivery: str, judgement: Judgement) -> None:
        """Annotations first, in batches that GitHub appends; the conclusion comes with the last request alone."""
        for _ in range(ATTEMPTS - 1):
            # The request whose answer was lost may have been carried out: what is there now tells.
            with suppress(GitHubUnavailableError):
                return self._finish(commit, delivery, judgement)
        return self._finish(commit, delivery, judgement)

    def _finish(self, commit: str, delivery: str, judgement: Judgement) -> None:
        run = self._find_or_create(commit, delivery)
        findings = ordered(judgement.findings)
        # GitHub never removes an annotation: those that an earlier attempt left are not sent again.
        there = run.get("output", {}).get("annotations_count") or 0
        batches = list(
            batched(annotations_of(findings, self._folder)[there:], ANNOTATIONS_PER_REQUEST, strict=False)
        ) or [()]
        output = {
            "title": cut(clean(judgement.title), TITLE_CHARACTERS),
            "summary": cut(clean(judgement.summary), TEXT_CHARACTERS),
            "text": cut(text_of(findings), TEXT_CHARACTERS),
        }
        for number, batch in enumerate(batches, start=1):
            body: dict[str, Any] = {"output": output | {"annotations": list(batch)}}
            if number == len(batches):
                conclusion = "failure" if judgement.conclusion == "error" else judgement.conclusion
                body |= {"status": "completed", "conclusion": conclusion, "completed_at": _timestamp(self._now())}
            self._update(run, body)

    def _find_or_create(self, commit: str, delivery: str) -> Mapping[str, Any]:
        """A request whose answer was lost may have made the run: it is looked for before another is made."""
        last: GitHubUnavailableError | None = None
        for _ in range(ATTEMPTS):
            found = self._find(commit, delivery)
            if found is not None:
                return found
            body = {
                "name": self._name,
                "head_sha": commit,
                "external_id": delivery,
                "status": "in_progress",
                "started_at": _timestamp(self._now()),
            }
            try:
                return _run(self._api.post(f"{self._base}/check-runs", body, repeatable=False))
            except GitHubUnavailableError as error:
                last = error
        raise GitHubUnavailableError(f"no check run could be made: {last}")

    def _find(self, commit: str, delivery: str) -> Mapping[str, Any] | None:
        page = 1
        while True:
            answer = self._api.get(
                f"{self._base}/commits/{commit}/check-runs",
                check_name=self._name,
                filter="all",
                per_page=PAGE,
                page=page,
            )
            if not isinstance(answer, dict) or not isinstance(answer.get("check_runs"), list):
                raise GitHubResponseError(f"no list of check runs of {commit}")
            runs = [_run(run) for run in answer["check_runs"]]
            for run in runs:
                if run.get("external_id") == delivery and run.get("name") == self._name:
                    return run
            if len(runs) < PAGE:
                return None
            page += 1

    def _update(self, run: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        # Sent twice, a batch would be there twice; everything else may be repeated.
        annotated = bool(body.get("output", {}).get("annotations"))
        path = f"{self._base}/check-runs/{run['id']}"
        try:
            self._api.patch(path, body, repeatable=not annotated)
        except GitHubUnprocessableError as error:
            if not annotated:
                raise
            # The verdict is not to be lost for a place in a file; the text names every finding too.
            logger.warning("GitHub refuses annotations", extra={"check_run": run["id"], "reason": str(error)})
            self._api.patch(path, {**body, "output": body["output"] | {"annotations": []}}, repeatable=True)


class StatusReport:
    """A commit status: for whoever has a token and no App. It has one line, so findings are counted only."""

    def __init__(self, api: GitHubApi, repository_id: int, name: str = NAME) -> None:
        self._api = api
        self._base = f"/repositories/{repository_id}"
        self._name = name

    def pending(self, commit: str, delivery: str) -> None:  # noqa: ARG002
        """The newest status of a context is what counts."""
        self._post(commit, "pending", "being judged")

    def finish(self, commit: str, delivery: str, judgement: Judgement) -> None:  # noqa: ARG002
        """The conclusions are states of GitHub's."""
        self._post(commit, judgement.conclusion, judgement.title)

    def _post(self, commit: str, state: str, description: str) -> None:
        line = " ".join(clean(description).split())
        body = {"state": state, "context": self._name, "description": cut(line, DESCRIPTION_CHARACTERS)}
        self._api.post(f"{self._base}/statuses/{commit}", body, repeatable=True)


def _run(answer: object) -> Mapping[str, Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), int) or "status" not in answer:
        raise GitHubResponseError("a check run without id or status")
    return answer


def _timestamp(moment: datetime) -> str:
    """ISO 8601, in UTC, as GitHub writes them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
