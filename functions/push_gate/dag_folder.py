"""The DAG folder of a commit, as the lint reads it and as a release holds it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from control_plane.dag_releases import Content
from dag_lint.tree import FILE, DagTree, Entry, is_published

from .commit_tree import CommitTrees, Listing, TooLarge

EXECUTABLE_MODE = "100755"


@dataclass(frozen=True)
class DagFolder:
    """Verified content by path, of one commit."""

    id: str
    """Git's id of the folder: the same id, the same content."""
    tree: DagTree
    executable: frozenset[str]

    def contents(self) -> list[Content]:
        """What is published: every file but those that begin with a dot, or lie in a folder that does."""
        return [
            _content(path, entry.content, path in self.executable)
            for path, entry in self.tree.items()
            if entry.content is not None and is_published(path)
        ]


NO_FOLDER = DagFolder("", DagTree({}), frozenset())
"""A repository without the folder: nothing to find fault with, and nothing to publish."""


def read(trees: CommitTrees, commit: str, folder: str, folder_id: str | None) -> DagFolder | TooLarge:
    """`folder` at `commit`, which has this id there. Raises `GitHubError`."""
    if folder_id is None:
        return NO_FOLDER
    listing = trees.listing(folder_id)
    if isinstance(listing, TooLarge):
        return listing
    contents = trees.contents(listing, commit, folder)
    executable = frozenset(entry.path for entry in listing.entries if entry.mode == EXECUTABLE_MODE)
    return DagFolder(folder_id, DagTree(dict(_entries(listing, contents))), executable)


def _entries(listing: Listing, contents: Mapping[str, bytes]) -> Iterator[tuple[str, Entry]]:
    for entry in listing.entries:
        mode = FILE if entry.is_file else int(entry.mode, 8)
        yield entry.path, Entry(mode, contents.get(entry.path))


def _content(path: str, body: bytes, executable: bool) -> Content:
    return Content(path, hashlib.sha256(body).hexdigest(), len(body), executable, lambda: body)
