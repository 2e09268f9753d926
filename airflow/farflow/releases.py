"""Reading the releases of DAGs that `dag_sync` writes (`functions/dag_sync/release_store.py` says how they lie).

The file system is NFS. A client may show a folder's former listing for a minute (nfs(5), acdirmin and acdirmax), but it
asks the server whenever a file is opened: so HEAD, a small file that is overwritten in place, tells of a new release at
once, and the listing tells of it in the end. Reading HEAD in the very moment of a write gives a record whose checksum
is wrong, and is no news. A release's own folder is never written again, so nothing old of it can be cached.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

RELEASE_ID = re.compile(r"[0-9]{10}-[0-9a-z]{1,8}-[0-9a-f]{6}", re.ASCII)


def current_release(root: Path) -> str | None:
    """The id of the newest complete release below `root`, None before the first."""
    return max([*_listed(root / "releases"), *_hinted(root)], default=None)  # an id begins with its sequence


def dags_folder(root: Path, release_id: str) -> Path:
    return root / "releases" / release_id / "dags"


def changed_at(root: Path, release_id: str) -> str:
    """When the newest change in it was made, as its manifest says (ISO 8601)."""
    return str(json.loads((root / "releases" / release_id / "manifest.json").read_bytes())["changed_at"])


def _listed(releases: Path) -> list[str]:
    try:
        return [entry.name for entry in releases.iterdir() if RELEASE_ID.fullmatch(entry.name)]
    except FileNotFoundError:
        return []


def _hinted(root: Path) -> list[str]:
    try:
        record = json.loads((root / "HEAD").read_bytes())
        release_id, checksum = record["release"], record["sha256"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []
    if checksum != hashlib.sha256(str(release_id).encode()).hexdigest() or not RELEASE_ID.fullmatch(release_id):
        return []
    return [release_id] if dags_folder(root, release_id).is_dir() else []
