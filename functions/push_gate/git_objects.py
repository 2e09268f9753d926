"""What git calls an object: the hash of its kind, its size and its content.

Source: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

TREE_MODE = "040000"
SYMLINK_MODE = "120000"
SUBMODULE_MODE = "160000"
FILE_MODES = frozenset({"100644", "100755", "100664"})
"""The last one only in old repositories."""

UNREADABLE = "\ufffd"
"""Stands in GitHub's answers for what is no UTF-8."""


@dataclass(frozen=True)
class TreeEntry:
    """One entry of a tree. `path` is relative to the folder that was asked for."""

    path: str
    mode: str
    sha: str
    size_bytes: int | None = None
    """None for all but files and links."""

    @property
    def is_file(self) -> bool:
        """Whether it has content of its own that may be looked at; a link and a submodule have not."""
        return self.mode in FILE_MODES


def object_id(kind: Literal["blob", "tree"], content: bytes, like: str) -> str:
    """The id of an object in a repository whose ids are as long as `like`: SHA-1 of 40 digits, or SHA-256 of 64."""
    framed = f"{kind} {len(content)}\0".encode() + content
    if len(like) == 64:
        return hashlib.sha256(framed).hexdigest()
    return hashlib.sha1(framed, usedforsecurity=False).hexdigest()


def tree_id(entries: Iterable[TreeEntry], like: str) -> str | None:
    """The id of a tree with these entries, whose paths are names; None where a name is not as git has it."""
    listed = sorted(entries, key=_order)
    if any(UNREADABLE in entry.path for entry in listed):
        return None
    content = b"".join(
        entry.mode.lstrip("0").encode() + b" " + entry.path.encode() + b"\0" + bytes.fromhex(entry.sha)
        for entry in listed
    )
    return object_id("tree", content, like)


def _order(entry: TreeEntry) -> bytes:
    """Git sorts a folder as if its name ended in a slash."""
    return entry.path.encode() + (b"/" if entry.mode == TREE_MODE else b"")
