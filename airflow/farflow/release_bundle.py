"""The DAG bundle over releases: a DAG run keeps the code that it began with.

Airflow notes a bundle's version with each DAG run, and workers ask for that version: across retries and workers, all
tasks of a run come from one release. https://airflow.apache.org/docs/apache-airflow/3.3.2/administration-and-deployment/dag-bundles.html
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle

from farflow import releases

try:
    from airflow.dag_processing.bundles.base import BundleVersion
except ImportError:  # Airflow 3.2, whose versions are text
    BundleVersion = str  # type: ignore[assignment,misc]

NO_RELEASE = "0000000000-none-000000"


class ReleaseRemovedError(Exception):
    """The release that a run began with is not kept any more; the message says what to do."""


class ReleaseBundle(BaseDagBundle):
    """`root` is where the file system of releases is mounted; it is only read."""

    supports_versioning = True

    def __init__(self, *, root: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._root = Path(root)
        self._release_id: str | None = self.version

    def initialize(self) -> None:
        if self.version is None:
            self.refresh()
        elif not self.path.is_dir():
            raise ReleaseRemovedError(
                f"release {self.version} is not kept any more: clear the run anew with 'run with latest bundle version'"
            )
        super().initialize()

    @property
    def path(self) -> Path:
        """The folder of one release: it changes with `refresh` alone."""
        return releases.dags_folder(self._root, self._release_id or NO_RELEASE)

    @property
    def root(self) -> Path:
        return self._root

    def get_current_version(self) -> BundleVersion | None:
        return BundleVersion(self._release_id) if self._release_id else None

    def refresh(self) -> None:
        """Look for a newer release. Never goes back: an NFS client may show what was true before."""
        if self.version is not None:
            raise RuntimeError("a bundle of one version does not refresh")
        newest = releases.current_release(self._root)
        if newest is not None and (self._release_id is None or newest > self._release_id):
            self._release_id = newest
