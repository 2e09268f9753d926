"""Running git without the settings of whoever is logged in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from local.errors import LocalStackError


class GitError(LocalStackError):
    """git refused; the message is its own."""


def environ(**more: str) -> dict[str, str]:
    """The environment of this process without git's variables (a hook has them) and configuration files."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return inherited | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C.UTF-8"} | more


def run(repository: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """What `git` printed in the repository. Raises `GitError`."""
    done = subprocess.run(["git", "-C", str(repository), *arguments], input=stdin, capture_output=True, env=environ())
    if done.returncode != 0:
        raise GitError(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def succeeds(repository: Path, *arguments: str) -> bool:
    """Whether `git` said yes (0) or no (1) in the repository. Raises `GitError` for anything else."""
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, env=environ())
    if done.returncode not in {0, 1}:
        raise GitError(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.returncode == 0
