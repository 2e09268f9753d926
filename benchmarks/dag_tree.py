"""Trees of DAG files, and what is done to them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

FILES_PER_FOLDER = 20
FILE_BYTES = 2500
"""The median of Airflow's own example DAGs."""

Tree = dict[str, bytes]


def tree(files: int) -> Tree:
    """Folders of twenty files of 2.5 kB, no two alike."""
    return {
        f"team{number // FILES_PER_FOLDER:03}/dag{number:05}.py": content(f"dag {number} as it was first")
        for number in range(files)
    }


def content(text: str) -> bytes:
    line = f"# {text}\n".encode()
    return (line * (FILE_BYTES // len(line) + 1))[:FILE_BYTES]


def one_changed(before: Tree, turn: int) -> Tree:
    path = sorted(before)[len(before) // 2]
    return before | {path: content(f"changed {turn}")[: FILE_BYTES - 1 - turn]}  # of another length: all notice that


def one_deleted(before: Tree, _turn: int) -> Tree:
    gone = sorted(before)[len(before) // 3]
    return {path: text for path, text in before.items() if path != gone}


def folder_renamed(before: Tree, turn: int) -> Tree:
    old = sorted(before)[len(before) // 4].partition("/")[0]
    return {
        f"renamed{turn}/{path.partition('/')[2]}" if path.startswith(f"{old}/") else path: text
        for path, text in before.items()
    }


def all_changed(before: Tree, turn: int) -> Tree:
    return {path: content(f"{path} {turn}")[: FILE_BYTES - 1 - turn] for path in before}


def unchanged(before: Tree, _turn: int) -> Tree:
    return before


CHANGES: dict[str, Callable[[Tree, int], Tree]] = {
    "nothing changed": unchanged,
    "one file changed": one_changed,
    "one file deleted": one_deleted,
    "a folder renamed": folder_renamed,
}


def digest(files: Mapping[str, bytes]) -> str:
    """The same for the same paths and contents."""
    found = hashlib.sha256()
    for path in sorted(files):
        found.update(f"{path}\0".encode() + hashlib.sha256(files[path]).digest())
    return found.hexdigest()
