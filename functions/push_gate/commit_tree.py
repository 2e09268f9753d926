"""The DAG folder of a commit, file by file, each verified by its id: what is judged is what git has, and nothing else.

No difference between commits is asked for, and of an archive only what the tree lists is taken: both may tell less than
the tree, and an archive something else.
Sources: https://docs.github.com/en/rest/git/trees, https://docs.github.com/en/rest/git/blobs and
https://docs.github.com/en/rest/repos/contents#download-a-repository-archive-tar
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from control_plane.observability import logger
from control_plane.push_work import is_sha

from . import commit_archive
from .blob_cache import BlobCache
from .commit_archive import ArchiveError
from .git_objects import TREE_MODE, UNREADABLE, TreeEntry, object_id, tree_id
from .github_api import (
    GitHubApi,
    GitHubBudgetError,
    GitHubConflictError,
    GitHubError,
    GitHubNotFoundError,
    GitHubResponseError,
    GitHubUnprocessableError,
)

FILES = 5_000
FOLDERS = 5_000
FILE_BYTES = 1024 * 1024
TREE_BYTES = 50 * 1024 * 1024
THREADS = 8

BLOBS = 100
"""More than so many are taken from the commit's archive: GitHub grants some 900 requests a minute for blobs, 5,000 an hour
for all. Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

ARCHIVE_SHARE = 0.5
"""Of the time left: the rest is for blobs, should the archive be slow, or of no use."""


class CommitGoneError(GitHubError):
    """The commit is not in the repository any more, as after a forced push; there is nothing to judge."""


class ContentError(GitHubError):
    """What was fetched is not what its id says: it must not be used."""


@dataclass(frozen=True)
class TooLarge:
    """The folder is beyond a limit, and nothing of it was fetched."""

    reason: str


@dataclass(frozen=True)
class Listing:
    """Every file, link and submodule below a folder, sorted by path; folders are not listed."""

    entries: tuple[TreeEntry, ...]


class CommitTrees:
    """Reads one repository. Every method raises `GitHubError`."""

    def __init__(self, api: GitHubApi, repository_id: int, cache: BlobCache) -> None:
        self._api = api
        self._repository = f"/repositories/{repository_id}"
        self._base = f"{self._repository}/git"
        self._cache = cache

    def folder_id(self, commit: str, folder: str) -> str | None:
        """The id of the tree of `folder` at `commit`, None where it has no such folder. "" is the whole repository.

        The same id means the same content, whatever the commit. Raises `CommitGoneError`.
        """
        try:
            answer = self._api.get(f"{self._base}/commits/{_checked(commit)}")
        except (GitHubNotFoundError, GitHubConflictError, GitHubUnprocessableError) as error:
            raise CommitGoneError(f"commit {commit}: {error}") from error
        try:
            found, tree = answer["sha"], answer["tree"]["sha"]
        except (KeyError, TypeError):
            raise GitHubResponseError(f"commit {commit} without sha or tree") from None
        if found != commit:
            raise ContentError(f"another commit than {commit}")
        sha: str | None = _checked(tree)
        for name in filter(None, folder.split("/")):
            if sha is None:
                return None
            entries, _ = self._tree(sha, recursive=False)
            sha = next((entry.sha for entry in entries if entry.path == name and entry.mode == TREE_MODE), None)
        return sha

    def listing(self, folder_id: str) -> Listing | TooLarge:
        """What the folder holds, or why that is too much to be fetched."""
        try:
            entries, truncated = self._tree(folder_id, recursive=True)
            if truncated:
                entries = list(self._walk(folder_id))
        except _TooManyError as error:
            return TooLarge(str(error))
        found = tuple(sorted((entry for entry in entries if entry.mode != TREE_MODE), key=lambda entry: entry.path))
        return _beyond_limits(found) or Listing(found)

    def contents(self, listing: Listing, commit: str, folder: str) -> dict[str, bytes]:
        """The content of each file by its path; links and submodules have none.

        `listing` is of `folder` at `commit`. What the cache lacks is fetched blob by blob, or, where that is much, from the
        archive of the commit and only the rest of it blob by blob.
        """
        files = [entry for entry in listing.entries if entry.is_file]
        found: dict[str, bytes] = {}
        for sha in {entry.sha for entry in files}:
            cached = self._cache.read(sha)
            if cached is not None:
                found[sha] = cached
        missing = [entry for entry in files if entry.sha not in found]
        if len({entry.sha for entry in missing}) > BLOBS:
            self._take_from_archive(commit, folder, missing, found)
        shas = list({entry.sha: None for entry in missing if entry.sha not in found})
        pool = ThreadPoolExecutor(THREADS)
        try:
            found |= zip(shas, pool.map(self._content, shas), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)  # after an error, the others are of no use
        return {entry.path: found[entry.sha] for entry in files}

    def _take_from_archive(
        self, commit: str, folder: str, missing: Sequence[TreeEntry], found: dict[str, bytes]
    ) -> None:
        """Adds what the archive has of `missing` to `found`: contents by id. What it lacks, or has otherwise, is left out."""
        by_path = {entry.path: entry for entry in missing}
        sizes = {entry.path: entry.size_bytes for entry in missing}
        shas = {entry.sha for entry in missing}
        inside = "/".join(filter(None, folder.split("/")))
        try:
            with (
                self._api.with_share_of_time(ARCHIVE_SHARE) as api,
                io.BufferedReader(api.download(f"{self._repository}/tarball/{_checked(commit)}")) as download,
                closing(commit_archive.files(download, inside, sizes)) as files,
            ):
                for path, content in files:
                    sha = by_path[path].sha
                    if sha in shas and object_id("blob", content, sha) == sha:
                        found[sha] = content
                        self._cache.write(sha, content)
                        shas.remove(sha)
                    if not shas:
                        return
        except GitHubBudgetError:
            raise
        except (ArchiveError, GitHubError) as error:
            logger.warning(
                "the archive is of no use", extra={"commit": commit, "lacking": len(shas), "reason": str(error)}
            )

    def _walk(self, folder_id: str) -> Iterator[TreeEntry]:
        """Folder by folder, for trees that GitHub does not list at once."""
        waiting = [("", folder_id)]
        files = folders = 0
        while waiting:
            prefix, sha = waiting.pop()
            folders += 1
            entries, truncated = self._tree(sha, recursive=False)
            if truncated:
                raise _TooManyError(f"{prefix or 'the folder'} has more entries than GitHub lists")
            for entry in entries:
                path = f"{prefix}{entry.path}"
                if entry.mode == TREE_MODE:
                    waiting.append((f"{path}/", entry.sha))
                else:
                    files += 1
                    yield TreeEntry(path, entry.mode, entry.sha, entry.size_bytes)
            if files > FILES or folders + len(waiting) > FOLDERS:
                raise _TooManyError(f"it has more than {FILES} files or {FOLDERS} folders")

    def _tree(self, sha: str, *, recursive: bool) -> tuple[list[TreeEntry], bool]:
        """The entries, verified, and whether there are more, in which case they are not."""
        parameters = {"recursive": 1} if recursive else {}
        answer = self._api.get(f"{self._base}/trees/{_checked(sha)}", **parameters)
        try:
            entries = [_entry(entry) for entry in answer["tree"]]
            truncated = answer.get("truncated") is True
        except (KeyError, TypeError, AttributeError):
            raise GitHubResponseError(f"a tree without entries: {sha}") from None
        if not truncated:
            _verify(sha, entries, recursive=recursive)
        return entries, truncated

    def _content(self, sha: str) -> bytes:
        answer = self._api.get(f"{self._base}/blobs/{_checked(sha)}")
        try:
            encoding, text = answer["encoding"], answer["content"]
            content = base64.b64decode(text) if encoding == "base64" else text.encode()
        except (KeyError, TypeError, AttributeError, binascii.Error):
            raise GitHubResponseError(f"a blob without content: {sha}") from None
        if object_id("blob", content, sha) != sha:
            raise ContentError(f"blob {sha} has another content")
        self._cache.write(sha, content)  # at once, so that an attempt that runs out of time was not for nothing
        return content


class _TooManyError(Exception):
    """Beyond a limit before everything was listed."""


def _beyond_limits(entries: Sequence[TreeEntry]) -> TooLarge | None:
    if len(entries) > FILES:
        return TooLarge(f"it has {len(entries)} files; {FILES} are the limit")
    total = 0
    for entry in entries:
        if not entry.is_file:
            continue
        if entry.size_bytes is None:
            raise GitHubResponseError(f"a file without size: {entry.path}")
        if entry.size_bytes > FILE_BYTES:
            return TooLarge(f"{entry.path} has {entry.size_bytes} bytes; {FILE_BYTES} are the limit of one file")
        total += entry.size_bytes
    return TooLarge(f"it has {total} bytes; {TREE_BYTES} are the limit") if total > TREE_BYTES else None


def _entry(entry: Mapping[str, Any]) -> TreeEntry:
    path, mode, sha, size = entry["path"], entry["mode"], entry["sha"], entry.get("size")
    if not isinstance(path, str) or not isinstance(mode, str) or not isinstance(size, int | None):
        raise TypeError
    return TreeEntry(path, mode, _checked(sha), size)


def _verify(sha: str, entries: Iterable[TreeEntry], *, recursive: bool) -> None:
    """Raises `ContentError` unless the ids of all folders are those of their entries: none is changed, added or left out.

    Names that are no UTF-8 cannot be verified, and several may look the same: the lint refuses every one of them.
    """
    inside: dict[str, list[TreeEntry]] = {"": []}
    expected = {"": sha}
    seen: set[str] = set()
    for entry in entries:
        if entry.path in seen and UNREADABLE not in entry.path:
            raise ContentError(f"tree {sha} has {entry.path} twice")
        seen.add(entry.path)
        if recursive and entry.mode == TREE_MODE:
            expected[entry.path] = entry.sha
        parent, _, name = entry.path.rpartition("/")
        inside.setdefault(parent, []).append(replace(entry, path=name))
    if unknown := set(inside) - set(expected):
        raise ContentError(f"tree {sha} lists what is in {min(unknown)}, and not {min(unknown)} itself")
    for folder, folder_sha in expected.items():
        if UNREADABLE not in folder and tree_id(inside.get(folder, []), sha) not in {None, folder_sha}:
            raise ContentError(f"tree {folder_sha} ({folder or 'the folder itself'}) has other entries")


def _checked(sha: object) -> str:
    if not isinstance(sha, str) or not is_sha(sha):
        raise GitHubResponseError(f"{str(sha)[:80]!a} is no id of git")
    return sha
