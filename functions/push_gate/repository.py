"""What a repository says of itself: its id, and where a branch is now."""

from __future__ import annotations

from control_plane.push_work import is_sha

from .github_api import GitHubApi, GitHubConflictError, GitHubNotFoundError, GitHubResponseError, quoted


def find_repository_id(api: GitHubApi, repository: str) -> int:
    """Of owner/name: it stays when the repository is renamed."""
    answer = api.get(f"/repos/{quoted(repository)}")
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), int):
        raise GitHubResponseError("a repository without id")
    return int(answer["id"])


def live_head(api: GitHubApi, repository_id: int, branch: str) -> str | None:
    """The commit that `branch` points to at this moment; None where there is no such branch, or nothing at all yet.

    Source: https://docs.github.com/en/rest/git/refs#get-a-reference
    """
    try:
        answer = api.get(f"/repositories/{repository_id}/git/ref/heads/{quoted(branch)}")
    except (GitHubNotFoundError, GitHubConflictError):
        return None
    try:
        ref, kind, sha = answer["ref"], answer["object"]["type"], answer["object"]["sha"]
    except (KeyError, TypeError):
        raise GitHubResponseError(f"a ref without object: {branch}") from None
    if ref != f"refs/heads/{branch}" or kind != "commit" or not is_sha(sha):
        raise GitHubResponseError(f"another ref than refs/heads/{branch}")
    return str(sha)


def requests_left(api: GitHubApi) -> float:
    """Which share of the hour's requests is left, from 0 to 1; asking costs none of them.

    Source: https://docs.github.com/en/rest/rate-limit/rate-limit
    """
    try:
        core = api.get("/rate_limit")["resources"]["core"]
        limit, remaining = int(core["limit"]), int(core["remaining"])
    except GitHubNotFoundError:  # an Enterprise Server that sets no limit
        return 1.0
    except (KeyError, TypeError, ValueError):
        raise GitHubResponseError("a rate limit without limit or remaining") from None
    return remaining / limit if limit > 0 else 0.0
