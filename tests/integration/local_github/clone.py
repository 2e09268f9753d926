"""A developer's clone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class RefusedError(Exception):
    """git said no; the message is what it printed."""


ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "no_proxy": "127.0.0.1",
}


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """What git printed, without the line's end. Raises `RefusedError`."""
    done = subprocess.run(["git", "-C", str(folder), *arguments], input=stdin, capture_output=True, env=ENVIRONMENT)
    if done.returncode:
        raise RefusedError(done.stderr.decode())
    return done.stdout.decode().rstrip("\n")


@dataclass(frozen=True)
class Clone:
    """A clone on branch main, with the remote `origin`."""

    folder: Path

    @classmethod
    def of(cls, url: str, folder: Path) -> Clone:
        git(Path.cwd(), "clone", "--quiet", url, str(folder))
        clone = cls(folder)
        clone.git("symbolic-ref", "HEAD", "refs/heads/main")
        return clone

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        return git(self.folder, *arguments, stdin=stdin)

    def commit(self, files: Mapping[str, str | None], message: str = "A change") -> str:
        """Write the files (None deletes), commit; the SHA."""
        for path, content in files.items():
            place = self.folder / path
            if content is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self, *arguments: str) -> None:
        self.git("push", "--quiet", "origin", *(arguments or ("main",)))
