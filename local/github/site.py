"""The parts of the local GitHub, made from the folder that keeps them."""

from __future__ import annotations

import re
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.errors import LocalStackError
from local.github import identity
from local.github.faults import Faults
from local.github.git_repository import Repository
from local.github.store import Store
from local.github.webhooks import Webhooks

FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}", re.ASCII)
KEPT_CALLS = 10_000


class RepositoryNameError(LocalStackError):
    """The name is none of a GitHub repository."""


def now() -> str:
    """In the form of GitHub's API."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Site:
    """A GitHub with one repository. `url` is of its web pages and of its API alike."""

    url: str
    full_name: str
    folder: Path
    store: Store
    repository: Repository
    faults: Faults
    webhooks: Webhooks
    calls: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    points: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)
    """When an endpoint was called within the last minute, and what the call counts."""
    archive_links: dict[str, tuple[str, float]] = field(default_factory=dict)
    """Path and end of each link to an archive, by its token; the end as `time.monotonic` counts."""
    hour: int = 0
    calls_this_hour: int = 0
    writing: threading.RLock = field(default_factory=threading.RLock)
    """Held while a call changes something: what was read is still so when it is written."""

    @property
    def owner(self) -> str:
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.partition("/")[2]

    @property
    def html_url(self) -> str:
        return f"{self.url}/{self.full_name}"

    @property
    def api_url(self) -> str:
        """Of the repository."""
        return f"{self.url}/repos/{self.full_name}"

    @property
    def default_branch(self) -> str:
        return str(self.store.setting("default_branch") or identity.DEFAULT_BRANCH)

    @property
    def pushed_at(self) -> str:
        return str(self.store.setting("pushed_at") or identity.CREATED_AT)


def open_site(url: str, folder: Path, full_name: str) -> Site:
    """The GitHub that `folder` keeps, or a new one. Raises `RepositoryNameError`."""
    if not FULL_NAME.fullmatch(full_name):
        raise RepositoryNameError(f"{full_name!r} is no repository of GitHub; say OWNER/NAME")
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder / "github.sqlite3")
    faults = Faults()
    repository = Repository(folder / "repositories" / f"{full_name}.git", identity.DEFAULT_BRANCH)
    return Site(url, full_name, folder, store, repository, faults, Webhooks(store, faults))
