"""One push through the gate: judged, told, and published if it passed and is still the head of the deploy branch."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from control_plane.dag_paths import RefusedFilesError
from control_plane.dag_releases import DagReleases, NotWantedError
from control_plane.push_work import PushWork, is_no_commit
from dag_lint.errors import LintError

from . import dag_folder, judgement_text
from .commit_tree import CommitGoneError, TooLarge
from .dag_folder import NO_FOLDER, DagFolder
from .deploy_branch import DeployBranch
from .github import Repository
from .github_api import GitHubBudgetError, GitHubError
from .judge import Judge, Judged
from .judgement_text import Publication
from .sandbox import SandboxUnavailableError

PUBLISHER = "push gate"
LOOKED_BACK = 20
"""So many releases, for one of an attempt that ended before it could note it: minutes ago."""

Result = Literal["published", "passed", "failed", "gone", "unjudged", "deferred"]

FOR_WHO_IS_TRUSTED = 0.5
"""The share of GitHub's requests in an hour that forks cannot use up: anybody may open pull requests without end."""

KEPT_BACK = "what is left of GitHub's requests in this hour is kept for branches"


@dataclass(frozen=True)
class Outcome:
    """What became of a push, in a word, with what is worth logging."""

    result: Result
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Gate:
    """Everything may be done twice: the same delivery ends in the same report and the same release."""

    judge: Judge
    releases: DagReleases
    deploy: DeployBranch
    branch: str
    """The deploy branch."""
    folder: str
    """The DAG folder's path in the repository."""

    def run(self, work: PushWork, repository: Repository, *, last: bool) -> Outcome:
        """Raises `GitHubError` and botocore's errors where it is worth another try; the commit is told so.

        So does `SandboxUnavailableError`, unless this is the `last` attempt.
        """
        if not work.trusted and repository.requests_left() < FOR_WHO_IS_TRUSTED:
            return Outcome("deferred", {"reason": KEPT_BACK})
        report = repository.report_of(work)
        try:
            folder_id = repository.trees.folder_id(work.after, self.folder)
        except CommitGoneError as error:
            with suppress(GitHubError):  # which has no commit to tell of, as a rule
                report.finish(work.after, work.delivery, judgement_text.gone(str(error)))
            return Outcome("gone", {"reason": str(error)})
        except GitHubBudgetError:
            return Outcome("deferred", {"reason": KEPT_BACK})
        report.pending(work.after, work.delivery)
        try:
            return self._run(work, repository, dag_folder.read(repository.trees, work.after, self.folder, folder_id))
        except GitHubBudgetError:
            report.finish(work.after, work.delivery, judgement_text.unjudged(KEPT_BACK, again=False))
            return Outcome("deferred", {"reason": KEPT_BACK})
        except LintError as error:
            if isinstance(error, SandboxUnavailableError) and not last:
                with suppress(GitHubError):
                    report.finish(work.after, work.delivery, judgement_text.unjudged(str(error), again=True))
                raise
            report.finish(work.after, work.delivery, judgement_text.unjudged(str(error), again=False))
            self._note_judged(work, repository)  # no sweep is to try what ends the same each time
            return Outcome("unjudged", {"reason": str(error)})
        except Exception as error:
            with suppress(GitHubError):  # which may be the very reason
                report.finish(work.after, work.delivery, judgement_text.unjudged(type(error).__name__, again=True))
            raise

    def _run(self, work: PushWork, repository: Repository, folder: DagFolder | TooLarge) -> Outcome:
        judged = self.judge.judge(
            folder,
            self._deployed(work, repository),
            trusted=work.trusted,
            anew=work.event == "check_rerequested",  # by a person, who doubts what was found
        )
        report, told = repository.report_of(work), judgement_text.verdict(judged, forced=work.forced)
        report.finish(work.after, work.delivery, told)
        details: dict[str, object] = {
            "findings": len(judged.findings),
            "cached": judged.cached,
            "imported": judged.imported,
        }
        if not self._is_of_deploy_branch(work):
            return Outcome("passed" if judged.verdict == "pass" else "failed", details)
        publication = self._published_before(work, judged) or self._publish(work, repository, folder, judged)
        if publication and publication.release:
            # Before it is told: whatever fails from here on, it is neither queued nor published once more.
            self.deploy.was_published(work.after, work.delivery, publication.release)
        if publication is not None:
            told = judgement_text.verdict(judged, forced=work.forced, publication=publication)
            report.finish(work.after, work.delivery, told)
            details |= {"release": publication.release, "reason": publication.reason}
        if publication is None or not publication.release:
            self._note_judged(work, repository)
        if judged.verdict == "fail":
            return Outcome("failed", details)
        return Outcome("published" if publication and publication.release else "passed", details)

    def _note_judged(self, work: PushWork, repository: Repository) -> None:
        """So that a sweep does not take the head for one that nobody told of."""
        if self._is_of_deploy_branch(work) and repository.live_head(self.branch) == work.after:
            self.deploy.was_judged(work.after)

    def _is_of_deploy_branch(self, work: PushWork) -> bool:
        return work.trusted and work.ref == f"refs/heads/{self.branch}"

    def _deployed(self, work: PushWork, repository: Repository) -> DagFolder:
        """What the deploy branch had when it last passed, as far as that is still there: else no exception holds."""
        commit = self.deploy.heads().accepted
        if not commit and self._is_of_deploy_branch(work) and work.before and not is_no_commit(work.before):
            # The first push that the gate hears of, before any sweep looked.
            commit = work.before
            self.deploy.starts_at(commit)
        if not commit:
            return NO_FOLDER
        try:
            folder_id = repository.trees.folder_id(commit, self.folder)
            folder = dag_folder.read(repository.trees, commit, self.folder, folder_id)
        except CommitGoneError:
            return NO_FOLDER
        return NO_FOLDER if isinstance(folder, TooLarge) else folder

    def _published_before(self, work: PushWork, judged: Judged) -> Publication | None:
        """By an attempt of this delivery that failed after it: an operator may have rolled back since."""
        heads = self.deploy.heads()
        if judged.verdict == "fail" or work.delivery not in (heads.delivery, heads.publishing):
            return None
        if heads.delivery == work.delivery:
            return Publication(heads.release)
        made = (each.id for each in islice(self.releases.history(), LOOKED_BACK) if each.publisher == _publisher(work))
        release = next(made, "")
        return Publication(release) if release else None

    def _publish(
        self, work: PushWork, repository: Repository, folder: DagFolder | TooLarge, judged: Judged
    ) -> Publication | None:
        """None where the verdict forbids it."""
        if judged.verdict == "fail" or isinstance(folder, TooLarge):
            return None
        if folder is NO_FOLDER:
            return Publication(reason=f"the repository has no folder {self.folder}")

        def is_live() -> bool:
            return repository.live_head(self.branch) == work.after

        self.deploy.goes_to_publish(work.delivery)
        try:
            published = self.releases.publish(
                folder.contents(), publisher=_publisher(work), commit=work.after, wanted=is_live
            )
        except NotWantedError:
            return Publication(reason=f"superseded, {self.branch} is at another commit by now")
        except RefusedFilesError as error:
            return Publication(reason=str(error))
        return Publication(published.release.id, published.changed)


def _publisher(work: PushWork) -> str:
    """Who publishes, as `make releases` shows it; the delivery is in GitHub's list of them, or a sweep's."""
    return f"{PUBLISHER}, {work.delivery}"
