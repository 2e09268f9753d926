"""The guard against a release that would take most of the DAGs away by mistake."""

from __future__ import annotations

from collections.abc import Mapping

HELD_SHARE = 0.5
"""A release that removes more than this share of what is served is held until it is confirmed."""


def reason_to_hold(served: Mapping[str, str], offered: Mapping[str, str]) -> str | None:
    """Why a release should wait for a confirmation, None when it need not.

    Both are hashes of content by path. A file is gone when neither its path nor its content is offered: one that was
    moved is not. Python files are looked at by themselves too, for there may be many data files beside few DAGs.
    """
    if served and not offered:
        return f"it has no file, and would remove all {len(served)}"
    for kind, suffix in (("files", ""), ("Python files", ".py")):
        before = {path for path in served if path.endswith(suffix)}
        contents = set(offered.values())
        gone = sorted(path for path in before if path not in offered and served[path] not in contents)
        if len(gone) > HELD_SHARE * len(before):
            examples = ", ".join(gone[:5]) + (", …" if len(gone) > 5 else "")
            return f"it would remove {len(gone)} of {len(before)} {kind}: {examples}"
    return None
