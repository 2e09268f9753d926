"""GitHub as the gate sees it: one repository, in the name of an App or of a token's owner."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from control_plane.push_work import PushWork

from .blob_cache import BlobCache
from .commit_tree import CommitTrees
from .github_api import GitHubApi, Tokens
from .github_auth import AppJwt, InstallationToken, SecretToken, find_installation_id
from .report import FORK_NAME, NAME, CheckRunReport, Report, StatusReport
from .repository import find_repository_id, live_head, requests_left
from .settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

CACHED_BYTES = 256 * 1024 * 1024
"""Half of what a function has in /tmp."""


@dataclass(frozen=True)
class Repository:
    """One repository. `app` talks in the App's own name; None where a token takes its place."""

    id: int
    api: GitHubApi
    app: GitHubApi | None
    trees: CommitTrees
    report: Report
    fork_report: Report
    """Of what is not trusted, under another name."""

    def report_of(self, work: PushWork) -> Report:
        """Where the work's judgement is told."""
        return self.report if work.trusted else self.fork_report

    def live_head(self, branch: str) -> str | None:
        """The commit that `branch` points to at this moment; None where there is no such branch."""
        return live_head(self.api, self.id, branch)

    def requests_left(self) -> float:
        """Which share of the hour's requests to GitHub is left, from 0 to 1."""
        return requests_left(self.api)


class GitHub:
    """Makes a `Repository` for one invocation. What was fetched outlives it, verified when it is used."""

    def __init__(
        self, settings: Settings, kms: KMSClient, secretsmanager: SecretsManagerClient, cache_folder: Path
    ) -> None:
        self._settings = settings
        self._cache = BlobCache(cache_folder, CACHED_BYTES)
        self._jwt = AppJwt(kms, settings.github_app_key_id, settings.github_app_id, time.time)
        self._token = SecretToken(secretsmanager, settings.github_token_secret_arn)

    @contextmanager
    def repository(
        self,
        seconds_left: Callable[[], float],
        repository_id: int | None = None,
        installation_id: int | None = None,
        *,
        kept_back: float = 0.0,
    ) -> Iterator[Repository]:
        """Asks GitHub for the ids that are not given. Raises `GitHubError`.

        Nothing of a commit is fetched with the share `kept_back` of the hour's requests.
        """
        with ExitStack() as opened:

            def api(tokens: Tokens, kept_back: float = 0.0) -> GitHubApi:
                url = self._settings.github_api_url
                made = GitHubApi(
                    url, tokens, seconds_left=seconds_left, sleep=time.sleep, now=time.time, kept_back=kept_back
                )
                return opened.enter_context(made)

            if self._settings.github_app_id:
                yield self._of_app(api, repository_id, installation_id, kept_back)
            else:
                own = api(self._token)
                known = repository_id or find_repository_id(own, self._settings.github_repository)
                reports = StatusReport(own, known), StatusReport(own, known, FORK_NAME)
                yield Repository(known, own, None, self._trees(api(self._token, kept_back), known), *reports)

    def _of_app(
        self,
        api: Callable[..., GitHubApi],
        repository_id: int | None,
        installation_id: int | None,
        kept_back: float,
    ) -> Repository:
        app, name = api(self._jwt), self._settings.github_repository
        installation = installation_id or find_installation_id(app, name)
        known = repository_id or find_repository_id(api(InstallationToken(app, installation, name, time.time)), name)
        token = InstallationToken(app, installation, known, time.time)
        own, fetching = api(token), api(token, kept_back)
        reports = (
            CheckRunReport(own, known, self._settings.github_dags_folder, lambda: datetime.now(UTC), name)
            for name in (NAME, FORK_NAME)
        )
        return Repository(known, own, app, self._trees(fetching, known), *reports)

    def _trees(self, api: GitHubApi, repository_id: int) -> CommitTrees:
        return CommitTrees(api, repository_id, self._cache)
