"""The bare repository that is pushed to, and what the API reads from it."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.github.git_process import GitError, environ, run, succeeds

SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
ABBREVIATED_SHA = re.compile(r"[0-9a-f]{4,40}", re.ASCII)
REF_NAME = re.compile(r"(?!.*(\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*")
"""Names, and no expressions. Source: https://git-scm.com/docs/git-check-ref-format"""

PUSH_FILE = "FARFLOW_PUSH_FILE"
"""Variable of a push's processes: the file to which the hook writes what it was told."""

HOOK = f"""#!/bin/sh
# Standard input: a line "OLD NEW REF" per ref that this push changed. https://git-scm.com/docs/githooks#post-receive
cat > "${PUSH_FILE}"
"""

SETTINGS = {
    "http.receivepack": "true",
    "receive.hideRefs": "refs/pull",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "gc.auto": "0",
    "receive.autogc": "false",
}
"""`refs/pull/` is GitHub's own; a commit that a forced push left behind can still be read; nothing is ever collected."""

COMMIT_FIELDS = ("%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B")


@dataclass(frozen=True)
class GitObject:
    """An object as git stores it."""

    sha: str
    type: str
    content: bytes


@dataclass(frozen=True)
class TreeEntry:
    """A line of a tree; `size` in bytes, None but for blobs."""

    path: str
    mode: str
    type: str
    sha: str
    size: int | None


@dataclass(frozen=True)
class Person:
    """Author or committer; the date is ISO 8601 with their own offset."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """A commit, with its message as git has it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass
class Changes:
    """The paths that a commit changes, against its first parent."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)


class Repository:
    """A bare repository, made at first use."""

    def __init__(self, path: Path, default_branch: str) -> None:
        self.path = path
        self._reader: subprocess.Popen[bytes] | None = None
        self._reader_lock = threading.Lock()
        if not (path / "HEAD").exists():
            path.mkdir(parents=True)
            run(path, "init", "--bare", "--quiet", "--template=", f"--initial-branch={default_branch}")
        for name, value in SETTINGS.items():
            run(path, "config", name, value)
        hook = path / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(HOOK)
        hook.chmod(0o755)

    def set_default_branch(self, branch: str) -> None:
        run(self.path, "symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def refs(self, *prefixes: str) -> dict[str, str]:
        """Object ids by full name, of every ref below the prefixes."""
        lines = run(self.path, "for-each-ref", "--format=%(objectname) %(refname)", *prefixes).decode().splitlines()
        return {name: sha for sha, _, name in (line.partition(" ") for line in lines)}

    def is_empty(self) -> bool:
        return not self.refs("refs/heads", "refs/tags")

    def commit_sha(self, name: str) -> str | None:
        """The commit that a SHA, a branch, a tag, or `heads/…` and `tags/…` stands for."""
        candidates = [name] if ABBREVIATED_SHA.fullmatch(name) else []
        if REF_NAME.fullmatch(name):
            candidates += [f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}"]
        for candidate in candidates:
            try:
                found = run(
                    self.path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{candidate}^{{commit}}"
                )
            except GitError:
                continue
            return found.decode().strip()
        return None

    def object(self, sha: str) -> GitObject | None:
        """The object of a full SHA; None when there is none."""
        if not SHA.fullmatch(sha):
            return None
        with self._reader_lock:
            if self._reader is None or self._reader.poll() is not None:
                self._reader = subprocess.Popen(
                    ["git", "-C", str(self.path), "cat-file", "--batch"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=environ(),
                )
            asked, answer = self._reader.stdin, self._reader.stdout
            if asked is None or answer is None:
                raise GitError("git cat-file has no pipes")
            asked.write(f"{sha}\n".encode())
            asked.flush()
            header = answer.readline().decode().split()
            if len(header) != 3:
                return None
            content = answer.read(int(header[2]))
            answer.read(1)
        return GitObject(header[0], header[1], content)

    def tree(self, sha: str, *, recursive: bool) -> list[TreeEntry]:
        """The entries of a tree or of a commit's tree; recursively with the folders themselves, as GitHub has it."""
        options = ["-r", "-t"] if recursive else []
        lines = run(self.path, "ls-tree", *options, "-l", "-z", "--full-tree", sha).decode(errors="replace").split("\0")
        entries = []
        for line in filter(None, lines):
            meta, _, path = line.partition("\t")
            mode, kind, entry_sha, size = meta.split()
            entries.append(TreeEntry(path, mode, kind, entry_sha, None if size == "-" else int(size)))
        return entries

    def archive(self, commit: str, prefix: str) -> bytes:
        """A tar.gz as git makes it, with what its attributes leave out or change, all below `prefix`."""
        return run(self.path, "archive", "--format=tar.gz", f"--prefix={prefix}", commit)

    def commits(self, revisions: Sequence[str], *, most: int) -> list[Commit]:
        """The newest `most` of the commits that `git log` lists for the revisions, the oldest first."""
        output = run(
            self.path,
            "log",
            "-z",
            "--reverse",
            "--topo-order",
            "--encoding=UTF-8",
            f"--max-count={most}",
            f"--format={'%x00'.join(COMMIT_FIELDS)}",
            "--end-of-options",
            *revisions,
            "--",
        ).decode(errors="replace")
        values = output.split("\0")
        width = len(COMMIT_FIELDS)
        return [_commit(values[start : start + width]) for start in range(0, len(values) - 1, width)]

    def changes(self, commits: Iterable[Commit]) -> dict[str, Changes]:
        """What each commit changed against its first parent, by SHA."""
        pairs = "".join(f"{' '.join([commit.sha, *commit.parents[:1]])}\n" for commit in commits)
        options = ("--stdin", "--root", "-r", "-z", "--name-status")
        tokens = iter(run(self.path, "diff-tree", *options, stdin=pairs.encode()).decode(errors="replace").split("\0"))
        changes: dict[str, Changes] = {}
        current = Changes()
        for token in filter(None, tokens):
            if SHA.fullmatch(token):
                current = changes.setdefault(token, Changes())
            else:
                lists = {"A": current.added, "D": current.removed}
                lists.get(token, current.modified).append(next(tokens))
        return changes

    def is_ancestor(self, older: str, newer: str) -> bool:
        return succeeds(self.path, "merge-base", "--is-ancestor", older, newer)

    def reachable(self, revisions: Sequence[str]) -> set[str]:
        """The commits that `git rev-list` lists for the revisions, `^` before those to leave out."""
        lines = run(self.path, "rev-list", "--stdin", stdin="".join(f"{each}\n" for each in revisions).encode())
        return set(lines.decode().split())

    def fetch(self, source: str, revision: str, ref: str) -> None:
        """Bring a commit of another repository on this machine here, as `ref`. Raises `GitError`."""
        run(self.path, "fetch", "--quiet", "--no-tags", "--end-of-options", source, f"+{revision}:{ref}")


def _commit(values: Sequence[str]) -> Commit:
    sha, tree, parents, *people, message = values
    return Commit(sha, tree, tuple(parents.split()), Person(*people[:3]), Person(*people[3:]), message.rstrip("\n"))
