"""The payload of a push event, read from the repository.

Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.github import payloads
from local.github.git_repository import Changes, Commit, Person
from local.github.pushes import RefUpdate
from local.github.site import Site

MOST_COMMITS = 2048
MOST_FILES = 3000


def push(site: Site, update: RefUpdate, pushed: Sequence[RefUpdate], login: str) -> dict[str, Any]:
    """What webhooks are told of `update`, one of all the refs that were `pushed` at once."""
    before = None if update.created else _commit_of(site, update.before)
    after = None if update.deleted else _commit_of(site, update.after)
    known = _known_before(site, pushed)
    commits, head = [], None
    if after is not None:
        base = [f"^{before}"] if before else [f"^{sha}" for sha in known]
        listed = [] if update.is_tag else site.repository.commits([after, *base], most=MOST_COMMITS)
        tip = site.repository.commits([after], most=1)
        fresh = site.repository.reachable([after, *(f"^{sha}" for sha in known)])
        changes = site.repository.changes({commit.sha: commit for commit in (*listed, *tip)}.values())
        commits = [_commit(site, commit, changes.get(commit.sha, Changes()), commit.sha in fresh) for commit in listed]
        head = _commit(site, tip[0], changes.get(after, Changes()), after in fresh)
    pusher = payloads.user(site, login, _user_id(login))
    return {
        "ref": update.ref,
        "before": update.before,
        "after": update.after,
        "repository": payloads.pushed_repository(site),
        "pusher": {"name": login, "email": f"{login}@users.noreply.github.com"},
        "sender": pusher,
        "created": update.created,
        "deleted": update.deleted,
        "forced": bool(before and after and not site.repository.is_ancestor(before, after)),
        "base_ref": _base_ref(site, update, after) if after and update.created and not commits else None,
        "compare": f"{site.html_url}/{_comparison(update, commits)}",
        "commits": commits,
        "head_commit": head,
    }


def _commit_of(site: Site, sha: str) -> str | None:
    """Of an annotated tag, what it stands on; None when that is no commit."""
    return site.repository.commit_sha(sha)


def _known_before(site: Site, pushed: Sequence[RefUpdate]) -> list[str]:
    """Where the branches were before the push: what they reach is no longer new."""
    moved = {update.ref for update in pushed}
    others = [sha for name, sha in site.repository.refs("refs/heads").items() if name not in moved]
    return others + [update.before for update in pushed if not update.created and not update.is_tag]


def _base_ref(site: Site, update: RefUpdate, after: str) -> str | None:
    """The branch on which a new ref stands."""
    refs = site.repository.refs("refs/heads")
    return next((name for name, sha in refs.items() if sha == after and name != update.ref), None)


def _comparison(update: RefUpdate, commits: Sequence[dict[str, Any]]) -> str:
    """The address below the repository that shows the push, as GitHub's published examples have it."""
    if not update.created:
        return f"compare/{update.before[:12]}...{update.after[:12]}"
    if not commits:
        return f"compare/{update.ref.split('/', 2)[2]}"
    if len(commits) == 1:
        return f"commit/{update.after}"
    return f"compare/{commits[0]['id'][:12]}^...{update.after[:12]}"


def _commit(site: Site, commit: Commit, changes: Changes, distinct: bool) -> dict[str, Any]:
    room, lists = MOST_FILES, {}
    for name in ("added", "removed", "modified"):
        lists[name] = getattr(changes, name)[:room]
        room -= len(lists[name])
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": distinct,
        "message": commit.message,
        "timestamp": commit.committer.date,
        "url": f"{site.html_url}/commit/{commit.sha}",
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        **lists,
    }


def _person(person: Person) -> dict[str, str]:
    return {"name": person.name, "email": person.email, "date": person.date}


def _user_id(login: str) -> int:
    """The same for the same login."""
    return 1_000_000 + sum(index * byte for index, byte in enumerate(login.encode(), 1))
