"""What no webhook told: heads that nobody judged, deliveries that failed, and work whose worker died.

GitHub delivers a webhook once. Every few minutes this looks for itself, so that the end is the same with all of them lost.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from control_plane.delivery_ledger import DeliveryLedger
from control_plane.observability import logger
from control_plane.push_work import PushWork

from . import judgement_text
from .abandoned_work import AbandonedWork
from .deploy_branch import DeployBranch
from .github import Repository
from .github_api import GitHubApi, GitHubError, GitHubNotFoundError, GitHubResponseError, GitHubUnavailableError

PAGE = 100
PAGES = 10
"""Of deliveries, in one sweep: so many within five minutes that no failure is overlooked."""

REDELIVERED_AT_MOST = 10
"""In one sweep; the next goes on."""

TIMES = 3
"""So often in a row a head is queued: what has no verdict by then, of five attempts each, will not have one by itself."""

ATTEMPTS = 3
"""Of one delivery, GitHub's own first attempt included: what fails thrice, a person should look at."""


@dataclass(frozen=True)
class Swept:
    """What was put right."""

    queued: str = ""
    """The head that is judged now though no webhook told of it; empty for none."""
    given_up: str = ""
    """A head that was queued so often that somebody should look; empty for none."""
    redelivered: int = 0
    closed: int = 0


@dataclass(frozen=True)
class Sweep:
    """`queue` sends a work to the gate."""

    ledger: DeliveryLedger
    abandoned: Iterable[AbandonedWork]
    deploy: DeployBranch
    branch: str
    queue: Callable[[PushWork], None]

    def run(self, repository: Repository) -> Swept:
        """Raises `GitHubError` and botocore's errors, after all that can be done: the next sweep tries again."""
        try:
            queued, given_up = self._judge_head(repository)
        finally:
            try:
                redelivered = self._redeliver(repository.app)
            finally:
                closed = self._close(repository)
        return Swept(queued, given_up, redelivered, closed)

    def _judge_head(self, repository: Repository) -> tuple[str, str]:
        """The head that is queued, and the one that is given up. A head that a sweep sees for the first time may be on its way: it is queued by the next one."""
        head = repository.live_head(self.branch)
        heads = self.deploy.heads()
        if head is None or head == heads.judged:
            return "", ""
        if not (heads.accepted or heads.judged or heads.waiting):  # what is there already when the gate is put up
            self.deploy.starts_at(head)
        if head != heads.waiting:
            self.deploy.waits(head)
            return "", ""
        times = heads.queued_times + 1 if head == heads.queued else 1
        if times > TIMES:
            return "", head
        work = PushWork(
            delivery=f"sweep-{uuid.uuid4()}",
            event="sweep",
            repository_id=repository.id,
            installation_id=None,
            ref=f"refs/heads/{self.branch}",
            before="",
            after=head,
            forced=False,
            trusted=True,
        )
        self.queue(work)
        self.deploy.was_queued(head, times)
        return head, ""

    def _redeliver(self, app: GitHubApi | None) -> int:
        """Ask GitHub for the deliveries again that could not be answered. Only an App may, and none that was refused.

        Source: https://docs.github.com/en/rest/apps/webhooks
        """
        if app is None:
            return 0
        pages = islice(app.pages("/app/hook/deliveries", per_page=PAGE), PAGES)
        try:
            failed = list(_failed(pages))[:REDELIVERED_AT_MOST]
        except GitHubNotFoundError:  # its webhook is one of the repository, not of the App
            return 0
        for delivery in failed:
            app.post(f"/app/hook/deliveries/{delivery}/attempts", {}, repeatable=True)
        return len(failed)

    def _close(self, repository: Repository) -> int:
        """Commits that say "being judged" though nobody does. Their message returns to the queue, and may judge them yet."""
        closed = 0
        for found in self.abandoned:
            told = judgement_text.unjudged("the push gate ended in the middle of it", again=True)
            try:
                repository.report_of(found.work).finish(found.work.after, found.delivery, told)
            except GitHubUnavailableError as error:  # the next sweep may tell it
                logger.warning("left for the next sweep", extra={"delivery": found.delivery, "reason": str(error)})
                continue
            except GitHubError as error:  # as of a commit that is gone: there is nobody to tell
                logger.warning("closed untold", extra={"delivery": found.delivery, "reason": str(error)})
            self.ledger.failed(found.delivery, found.claim)
            closed += 1
        return closed


def _failed(pages: Iterable[Any]) -> Iterator[int]:
    """The newest attempt of each delivery that never succeeded, where another attempt may."""
    attempts: dict[str, list[dict[str, Any]]] = {}
    for delivery in _listed(pages):
        try:
            attempts.setdefault(str(delivery["guid"]), []).append(delivery)
            int(delivery["id"]), int(delivery["status_code"])
        except (KeyError, TypeError, ValueError):
            raise GitHubResponseError("a delivery without id, guid or status_code") from None
    for of_one in attempts.values():
        codes = [int(attempt["status_code"]) for attempt in of_one]
        if len(of_one) < ATTEMPTS and all(_may_succeed_later(code) for code in codes):
            yield max(int(attempt["id"]) for attempt in of_one)


def _listed(pages: Iterable[Any]) -> Iterator[Any]:
    for page in pages:
        if not isinstance(page, list):
            raise GitHubResponseError("no list of deliveries")
        yield from page


def _may_succeed_later(status: int) -> bool:
    """No answer in time is 0, or a code of GitHub's own from 502 on; what the receiver refused stays refused."""
    return status in {0, 429} or status >= 500
