"""Pushing DAGs to the local GitHub, as a developer does, and reading the verdict on the commit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from local import dag_folder
from local.errors import LocalStackError
from local.github import identity
from local.github.running import LocalGitHub, send

VERDICT_SECONDS = 120.0
POLL_SECONDS = 0.1
READER = "reads-verdicts"
"""A token of the local GitHub's, which keeps its repository private."""


class GitPushError(LocalStackError):
    """The push was refused, or nobody judged it."""


@dataclass(frozen=True)
class Verdict:
    """What the commit says: `conclusion` as GitHub has it, `page` as a person reads it in a terminal."""

    commit: str
    conclusion: str
    title: str
    page: str

    @property
    def release(self) -> str | None:
        """The release that it was published as."""
        found = re.search(r"published (\d{10}-\S+)", self.title)
        return found[1] if found else None


class Clone:
    """A developer's clone in `folder`, with the DAGs below `dags/` and the local GitHub as remote `farflow`."""

    def __init__(self, folder: Path, github: LocalGitHub) -> None:
        self.folder = folder
        self._github = github
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch", identity.DEFAULT_BRANCH)
        self._git("remote", "add", "farflow", github.git_url)
        github.tell("PUT", "/token", {"token": READER, "permissions": {"checks": "read", "metadata": "read"}})

    def commit_folder(self, dags: Path, message: str) -> str:
        """With the files of `dags` as the only DAGs; the new commit."""
        shutil.rmtree(self.folder / "dags", ignore_errors=True)
        for path in dag_folder.files(dags):
            target = self.folder / "dags" / path.relative_to(dags)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        return self._commit(message)

    def commit_file(self, path: str, text: str, message: str) -> str:
        """With this file below `dags/`; the new commit."""
        target = self.folder / "dags" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return self._commit(message)

    def _commit(self, message: str) -> str:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", message)
        return self._git("rev-parse", "HEAD")

    def reset(self, commit: str) -> None:
        """Go back to `commit`, to push it by force."""
        self._git("reset", "--quiet", "--hard", commit)

    def push(self, *options: str, branch: str = identity.DEFAULT_BRANCH) -> None:
        """`git push farflow`. Raises `GitPushError` when the remote refuses."""
        self._git("push", "--quiet", *options, "farflow", f"HEAD:refs/heads/{branch}")

    def verdict(self, commit: str, seconds: float = VERDICT_SECONDS) -> Verdict:
        """The newest one, when there is one. Raises `GitPushError` after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self._verdict(commit)
            if found:
                return found
            time.sleep(POLL_SECONDS)
        raise GitPushError(f"after {seconds:.0f} s nobody has judged {commit[:12]}: look at push_gate's log")

    def publication(self, commit: str, seconds: float = VERDICT_SECONDS) -> Verdict:
        """As `verdict`, and of a commit that passed what became of it. Raises `GitPushError` after `seconds`."""
        deadline = time.monotonic() + seconds
        found = self.verdict(commit, seconds)
        while found.conclusion == "success" and "published" not in found.title:
            if time.monotonic() > deadline:
                raise GitPushError(f"{commit[:12]} passed, and is not published after {seconds:.0f} s")
            time.sleep(POLL_SECONDS)
            found = self.verdict(commit, seconds)
        return found

    def _verdict(self, commit: str) -> Verdict | None:
        runs = self._github.api(f"commits/{commit}/check-runs", READER).body["check_runs"]
        if not runs or any(run["status"] != "completed" for run in runs):
            return None
        newest = max(runs, key=lambda run: run["id"])
        path = f"/{self._github.repository}/commit/{commit}?format=text"
        page = send(self._github.url, "GET", path).content.decode()
        return Verdict(commit, newest["conclusion"], newest["output"]["title"] or "", page)

    def _git(self, *arguments: str) -> str:
        environ = {
            **os.environ,
            **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Farflow demo"),
            **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "demo@localhost"),
            "GIT_CONFIG_GLOBAL": os.devnull,  # hooks and signatures of whoever runs this are theirs
        }
        done = subprocess.run(
            ["git", "-c", "http.proxy=", "-C", str(self.folder), *arguments],
            env=environ,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise GitPushError(f"git {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout.strip()
